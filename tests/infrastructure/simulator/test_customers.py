"""Charges that wait for their customer: nothing is reserved before, and what was decided stays decided."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infrastructure.simulator.books import Books
from infrastructure.simulator.later import settle_due
from infrastructure.simulator.operations import NO_CHARGE_YET, perform
from infrastructure.simulator.options import Options
from infrastructure.simulator.wire import CaptureBody, ChargeBody, VoidBody
from tests.infrastructure.simulator.api import Answer, Api, Json

WAITING: list[Json] = [
    {"token": "tok_3ds"},
    {"token": "wallet_waits", "method": "wallet"},
    {"token": "upi_waits", "method": "upi_collect"},
    {"token": "bank_waits", "method": "bank_transfer"},
]


async def waiting_charge(api: Api, **changed: Any) -> tuple[str, str]:
    """The id and the key of a new charge that waits for its customer."""
    request: Json = {"token": "tok_3ds", "key": uuid4().hex} | changed
    answer = await api.charge(**request)
    assert (answer.status, answer.json["status"]) == (202, "requires_action")
    return answer.json["id"], request["key"]


async def test_each_method_has_its_own_kind_of_action(api: Api, base_url: str) -> None:
    card, wallet, upi, bank = [(await api.charge(**request)).json for request in WAITING]
    assert card["action"] == {"type": "redirect", "url": f"{base_url}/v1/charges/{card['id']}/challenge"}
    assert wallet["action"] == {"type": "redirect", "url": f"{base_url}/v1/charges/{wallet['id']}/challenge"}
    assert upi["action"] == {"type": "collect", "address": "upi_waits@simulator"}
    assert (bank["action"]["type"], bank["action"]["remittance"]) == ("transfer", bank["id"])


@pytest.mark.parametrize("request_", WAITING, ids=lambda request: request["token"])
async def test_a_waiting_charge_reserves_nothing(api: Api, request_: Json) -> None:
    charge_id, key = await waiting_charge(api, **request_, capture=True)
    assert (await api.capture(charge_id, 1)).status == 422
    assert (await api.refund(charge_id, 1)).status == 422
    line = await api.books_line(charge_id)
    assert (line["status"], line["authorized"], line["captured"]) == ("requires_action", 0, 0)
    assert line["charges_of_reference"] == 0
    assert (await api.operation(key)).json["http_status"] == 202


@pytest.mark.parametrize(("capture", "status"), [(False, "authorized"), (True, "captured")])
async def test_an_approved_charge_reserves_or_takes_its_amount(api: Api, capture: bool, status: str) -> None:
    charge_id, key = await waiting_charge(api, capture=capture, amount=700)
    decided = await api.act(charge_id, approves=True)
    assert (decided.status, decided.json["status"]) == (200, status)
    found = (await api.operation(key)).json
    assert (found["http_status"], found["answer"]) == (201, decided.json)
    assert "action" not in decided.json
    line = await api.books_line(charge_id)
    assert (line["authorized"], line["captured"], line["charges_of_reference"]) == (700, 700 if capture else 0, 1)


@pytest.mark.parametrize(
    ("request_", "code"), list(zip(WAITING, ["authentication_failed", *["card_declined"] * 3], strict=True)), ids=str
)
async def test_a_declined_charge_takes_nothing_and_says_why(api: Api, request_: Json, code: str) -> None:
    charge_id, key = await waiting_charge(api, **request_)
    assert (await api.act(charge_id, approves=False)).json["status"] == "declined"
    found = (await api.operation(key)).json
    assert (found["http_status"], found["answer"]["error"]["code"]) == (402, code)
    assert (await api.books_line(charge_id))["authorized"] == 0


async def test_a_repeated_request_is_told_what_became_of_it(api: Api) -> None:
    request: Json = {"token": "tok_3ds", "key": uuid4().hex, "reference": "repeated"}
    waiting = await api.charge(**request)
    assert await api.charge(**request) == Answer(202, waiting.json, replayed=True)
    approved = await api.act(waiting.json["id"], approves=True)
    assert await api.charge(**request) == Answer(201, approved.json, replayed=True)


async def test_a_customer_acts_once(api: Api) -> None:
    charge_id, _ = await waiting_charge(api)
    await api.act(charge_id, approves=False)
    again = await api.act(charge_id, approves=True)
    assert (again.status, again.error_code) == (409, "not_waiting")
    assert (await api.books_line(charge_id))["status"] == "declined"


async def test_nobody_acts_on_an_unknown_charge_or_one_that_never_waited(api: Api) -> None:
    assert (await api.act("ch_unknown", approves=True)).status == 404
    assert (await api.act(await api.charge_id(), approves=True)).status == 409


async def test_a_void_cancels_a_waiting_charge_for_good(api: Api) -> None:
    charge_id, key = await waiting_charge(api)
    assert (await api.void(charge_id)).json["status"] == "canceled"
    assert (await api.act(charge_id, approves=True)).status == 409
    found = (await api.operation(key)).json
    assert (found["http_status"], found["answer"]["error"]["code"]) == (402, "canceled")
    assert (await api.void(charge_id)).error_code == "nothing_to_void"


@pytest.mark.parametrize(
    ("method", "token", "http_status"),
    [
        ("card", "tok_3ds_approves", 201),
        ("card", "tok_3ds_declines", 402),
        ("wallet", "wallet_approves", 201),
        ("upi_collect", "upi_approves", 201),
        ("upi_collect", "upi_declines", 402),
        ("bank_transfer", "bank_approves", 201),
    ],
)
async def test_some_customers_act_by_themselves(api: Api, method: str, token: str, http_status: int) -> None:
    _, key = await waiting_charge(api, method=method, token=token)
    assert (await api.decided(key))["http_status"] == http_status


async def test_a_token_of_another_method_is_refused(api: Api) -> None:
    assert (await api.charge("tok_visa", method="wallet")).error_code == "invalid_token"
    assert (await api.charge("wallet_approves")).error_code == "invalid_token"


async def test_an_accepted_capture_is_done_a_little_later(api: Api) -> None:
    charge_id = await api.charge_id("tok_pending_capture", amount=900)
    accepted = await api.capture(charge_id, 500, final=True, key=(key := uuid4().hex))
    assert (accepted.status, accepted.json["status"]) == (202, "accepted")
    done = await api.decided(key)
    assert (done["http_status"], done["answer"]["id"]) == (201, accepted.json["id"])
    assert done["answer"]["status"] == "captured"
    assert (await api.books_line(charge_id))["captured"] == 500


def test_an_accepted_capture_takes_nothing_that_was_voided_meanwhile(tmp_path: Path) -> None:
    books = Books(tmp_path, Options(customer_acts_after_s=0.0))
    perform(books, "charge", NO_CHARGE_YET, ChargeBody("r", 100, "EUR", "tok_pending_capture", capture=False))
    ((charge_id, _),) = [(line.id, line.status) for line in books.page(0, 2).charges]
    assert perform(books, "capture", charge_id, CaptureBody(100, final=True)).http_status == 202
    assert perform(books, "void", charge_id, VoidBody()).http_status == 201
    while not settle_due(books):
        pass
    assert (found := books.operation("capture")) is not None
    assert found.http_status == 402
    assert b"capture_declined" in found.answer
    assert not settle_due(books)
    books.close()


async def test_all_who_are_waited_for_can_be_made_to_act(api: Api) -> None:
    charge_id, _ = await waiting_charge(api)
    acted = await api.post("/_control/customer", {"approves_percent": 0}, key=None)
    assert (acted.json["approved"], acted.json["declined"] > 0) == (0, True)
    assert (await api.books_line(charge_id))["status"] == "declined"
    charge_id, _ = await waiting_charge(api)
    assert (await api.post("/_control/customer", {}, key=None)).json == {"approved": 1, "declined": 0}
    assert (await api.books_line(charge_id))["status"] == "authorized"
