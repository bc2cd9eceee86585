"""The hostile provider tells each lie, and nothing besides: what a run counts as told was there to be seen."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.hostile.lies import OF_ANSWERS, OF_LOOKUPS, Lie, Said, spoiled, spoiled_lookup

CHARGE = {
    "id": "ch_1",
    "status": "captured",
    "reference": "p1",
    "currency": "EUR",
    "authorized": 1000,
    "captured": 1000,
}
REFUND = {"id": "re_1", "charge": "ch_1", "amount": 400, "currency": "EUR", "status": "partially_refunded"}
OTHER_CHARGE = {**CHARGE, "id": "ch_2", "reference": "p2", "authorized": 1001, "captured": 1001}
OTHER_REFUND = {**REFUND, "id": "re_2", "charge": "ch_2"}
ASKED_CHARGE = {"reference": "p1", "amount": 1000, "currency": "EUR", "capture": True}
ASKED_REFUND = {"charge": "ch_1", "amount": 400}
AS_IT_WAS = {Lie.LATE, Lie.TWICE, Lie.CUT}
"""Not in what is said, but in how."""
NO_MEMBER_FOR = {Lie.CHARGE: CHARGE, Lie.MADE_UP_CHARGE: REFUND}
ONE_MEMBER: Mapping[Lie, str] = {Lie.CURRENCY: "currency", Lie.STATUS: "status", Lie.CHARGE: "charge"}


def _said(words: dict[str, Any], status: int = 201) -> Said:
    return Said(status, json.dumps(words).encode())


@pytest.mark.parametrize(
    ("truth", "another", "request_"),
    [(CHARGE, OTHER_CHARGE, ASKED_CHARGE), (REFUND, OTHER_REFUND, ASKED_REFUND)],
    ids=["charge", "refund"],
)
@pytest.mark.parametrize("lie", [lie for lie in OF_ANSWERS if lie is not Lie.APPROVED])
def test_a_success_is_spoiled(
    lie: Lie, truth: dict[str, Any], another: dict[str, Any], request_: dict[str, Any]
) -> None:
    said = spoiled(lie, _said(truth), _said(another), request_, 7)
    if NO_MEMBER_FOR.get(lie) is truth:
        assert said is None
        return
    assert said is not None
    assert (said == _said(truth)) is (lie in AS_IT_WAS)
    if lie in ONE_MEMBER:
        assert {name for name, value in said.words.items() if value != truth[name]} == {ONE_MEMBER[lie]}


def test_a_decline_is_told_as_a_success_of_just_what_was_asked_for() -> None:
    said = spoiled(Lie.APPROVED, _said({"error": {}}, 402), _said(OTHER_CHARGE), ASKED_CHARGE, 7)
    assert said is not None
    assert said.words == {**CHARGE, "id": said.words["id"]}


@pytest.mark.parametrize("lie", OF_LOOKUPS)
def test_a_look_up_is_spoiled_inside(lie: Lie) -> None:
    found = _said({"operation": "charge", "http_status": 201, "answer": CHARGE}, 200)
    another = _said({"operation": "charge", "http_status": 201, "answer": OTHER_CHARGE}, 200)
    said = spoiled_lookup(lie, found, another, ASKED_CHARGE, 7)
    assert said is not None
    assert said != found
    assert lie is Lie.NOT_SEEN or said.words["operation"] == "charge"
