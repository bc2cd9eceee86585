"""A key has one effect and one answer, however often and however concurrently it is sent."""

import asyncio
from uuid import uuid4

import pytest

from tests.infrastructure.simulator.api import Answer, Api, Json


async def test_a_repeated_charge_gets_the_first_answer_again(api: Api) -> None:
    reference = uuid4().hex
    first = await api.charge(key="repeated", reference=reference)
    again = await api.charge(key="repeated", reference=reference)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.status, again.json) == (first.status, first.json)
    assert (await api.books_line(first.json["id"]))["charges_of_reference"] == 1


async def test_a_repeated_refusal_gets_the_first_answer_again(api: Api) -> None:
    first = await api.charge("tok_declined", key="refused", reference="r")
    again = await api.charge("tok_declined", key="refused", reference="r")
    assert again == Answer(first.status, first.json, replayed=True)


async def test_repeated_captures_voids_and_refunds_have_one_effect(api: Api) -> None:
    charge_id = await api.charge_id(amount=10_000)
    captures = [await api.capture(charge_id, 4_000, key="capture") for _ in range(2)]
    refunds = [await api.refund(charge_id, 1_000, key="refund") for _ in range(2)]
    voids = [await api.void(charge_id, key="void") for _ in range(2)]
    for first, again in (captures, refunds, voids):
        assert again == Answer(201, first.json, replayed=True)
    line = await api.books_line(charge_id)
    assert (line["captured"], line["refunded"], line["voided"]) == (4_000, 1_000, 6_000)


async def test_fifty_concurrent_requests_with_one_key_charge_once(api: Api) -> None:
    reference = uuid4().hex
    answers = await asyncio.gather(*(api.charge(key="concurrent", reference=reference) for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    (charge_id,) = {answer.json["id"] for answer in answers}
    assert sum(not answer.replayed for answer in answers) == 1
    assert (await api.books_line(charge_id))["charges_of_reference"] == 1


@pytest.mark.parametrize("changed", [{"amount": 1}, {"currency": "USD"}, {"reference": "other"}], ids=str)
async def test_a_key_of_another_request_is_refused(api: Api, changed: Json) -> None:
    key = f"reused-{changed}"
    first = await api.charge(key=key, reference="mine")
    request: Json = {"reference": "mine"} | changed
    other = await api.charge(key=key, **request)
    assert (other.status, other.error_code) == (409, "idempotency_key_reuse")
    assert (await api.operation(key)).json["answer"] == first.json


async def test_a_key_of_another_operation_or_charge_is_refused(api: Api) -> None:
    charge_id, other_id = await api.charge_id(), await api.charge_id()
    await api.capture(charge_id, 1, key="crossed")
    assert (await api.refund(charge_id, 1, key="crossed")).status == 409
    assert (await api.capture(other_id, 1, key="crossed")).status == 409


async def test_a_request_without_a_key_is_refused(api: Api) -> None:
    body = {"reference": "r", "amount": 1, "currency": "EUR", "token": "tok_visa", "capture": False}
    assert (await api.post("/v1/charges", body, key=None)).status == 400


async def test_the_lookup_tells_what_became_of_each_operation(api: Api) -> None:
    charge = await api.charge(key="looked-up-charge")
    capture = await api.capture(charge.json["id"], 1, key="looked-up-capture")
    over = await api.capture(charge.json["id"], 10_000, key="looked-up-refusal")
    for key, operation, answer in (
        ("looked-up-charge", "charge", charge),
        ("looked-up-capture", "capture", capture),
        ("looked-up-refusal", "capture", over),
    ):
        found = await api.operation(key)
        assert found.status == 200
        assert found.json == {
            "operation": operation,
            "http_status": answer.status,
            "answer": answer.json,
        }


async def test_the_lookup_of_a_key_never_seen_is_not_found(api: Api) -> None:
    answer = await api.operation("never-seen")
    assert (answer.status, answer.error_code) == (404, "operation_not_found")
