"""A repeated request gets the first answer, byte for byte; the same key never does anything else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused, unchanged
from tests.interfaces.http.given import INTENT, asked, authorized, captured, payment_that_is
from tests.interfaces.http.provider_books import the_charge_of
from tests.support.running import Merchant, Reply, eventually

LEADS_TO = {"confirm": "requires_confirmation", "capture": "authorized", "void": "authorized", "refunds": "captured"}
"""A status from which each verb is legal."""


def then_replayed(again: Reply, first: Reply) -> None:
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


@pytest.mark.parametrize("fields", [{"confirm": False}, {"confirm": True}, {"token": "tok_declined"}], ids=str)
async def test_a_repeated_creation_gets_the_first_answer(merchant: Merchant, fields: dict[str, Any]) -> None:
    first = await merchant.pay(key="the-key", **fields)
    then_replayed(await merchant.pay(key="the-key", **fields), first)


@pytest.mark.parametrize("verb", LEADS_TO)
async def test_a_repeated_command_gets_the_first_answer_and_has_one_effect(
    stack: Stack, merchant: Merchant, verb: str
) -> None:
    payment_id = await payment_that_is(merchant, LEADS_TO[verb])
    amount = {} if verb in ("confirm", "void") else {"amount": 400}
    first = await asked(merchant, payment_id, verb, key="the-key", **amount)
    assert first.status in (200, 201)
    async with unchanged(merchant, payment_id):
        for _ in range(3):
            then_replayed(await asked(merchant, payment_id, verb, key="the-key", **amount), first)

    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["voided"], charge["refunded"]) == {
        "confirm": (1000, 0, 0),
        "capture": (400, 0, 0),
        "void": (0, 1000, 0),
        "refunds": (1000, 0, 400),
    }[verb]


async def test_a_repeat_after_later_changes_still_gets_the_first_answer(merchant: Merchant) -> None:
    paid = await merchant.pay(key="pay", capture_method="manual")
    payment_id = paid.json["payment_id"]
    taken = await merchant.act(payment_id, "capture", key="capture")
    refunded = await merchant.act(payment_id, "refunds", key="refund")

    then_replayed(await merchant.pay(key="pay", capture_method="manual"), paid)
    then_replayed(await merchant.act(payment_id, "capture", key="capture"), taken)
    then_replayed(await merchant.act(payment_id, "refunds", key="refund"), refunded)
    assert (await merchant.payment(payment_id))["status"] == "refunded"


async def test_the_same_request_may_be_spaced_and_ordered_differently(merchant: Merchant) -> None:
    first = await merchant.send("POST", "/v1/payment_intents", INTENT, key="the-key")
    other = b"""{ "payment_method": {"token": "tok_visa", "type": "card"}, "confirm": false,
                  "currency": "EUR", "amount": 1000, "customer_id": "customer-1" }"""
    then_replayed(await merchant.send("POST", "/v1/payment_intents", raw=other, key="the-key"), first)


@pytest.mark.parametrize(
    "other", [{"amount": 1001}, {"currency": "USD"}, {"confirm": False}, {"token": "tok_declined"}], ids=str
)
async def test_a_key_that_came_with_another_request_is_refused(merchant: Merchant, other: dict[str, Any]) -> None:
    first = await merchant.pay(key="the-key")
    async with unchanged(merchant, first.json["payment_id"]):
        then_refused(await merchant.pay(key="the-key", **other), 422, "idempotency_key_reused", field="idempotency_key")
    then_replayed(await merchant.pay(key="the-key"), first)


@pytest.mark.parametrize("verb", LEADS_TO)
async def test_a_key_that_came_with_another_path_is_refused(merchant: Merchant, verb: str) -> None:
    await merchant.pay(key="the-key")
    payment_id = await payment_that_is(merchant, LEADS_TO[verb])
    async with unchanged(merchant, payment_id):
        reply = await asked(merchant, payment_id, verb, key="the-key")
        then_refused(reply, 422, "idempotency_key_reused", field="idempotency_key")


async def test_a_key_in_flight_is_told_to_come_back_and_then_gets_the_answer(stack: Stack, merchant: Merchant) -> None:
    paying = asyncio.create_task(merchant.pay(key="the-key", token="tok_timeout"))

    async def is_there() -> bool:
        return bool((await merchant.get("/v1/payments")).json["payments"])

    await eventually(is_there, "the payment is on its way")
    again = await merchant.pay(key="the-key", token="tok_timeout")
    then_refused(again, 409, "idempotency_key_in_flight", field="idempotency_key")
    assert again.headers["Retry-After"] == "1"

    first = await paying
    then_replayed(await merchant.pay(key="the-key", token="tok_timeout"), first)
    assert (await the_charge_of(stack, first.json["payment_id"]))["captured"] == 1000


@pytest.mark.parametrize("verb", ["create", "capture", "refunds"])
async def test_what_moves_money_needs_a_key(merchant: Merchant, verb: str) -> None:
    payment_id = await {"create": captured, "capture": authorized, "refunds": captured}[verb](merchant)
    path = "/v1/payment_intents" if verb == "create" else f"/v1/payments/{payment_id}/{verb}"
    async with unchanged(merchant, payment_id):
        reply = await merchant.send("POST", path, INTENT if verb == "create" else {})
        then_refused(reply, 400, "idempotency_key_missing", field="idempotency_key")


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "clé"], ids=["empty", "blank", "space", "long", "é"])
async def test_an_unusable_key_is_refused(merchant: Merchant, key: str) -> None:
    reply = await merchant.send("POST", "/v1/payment_intents", INTENT, headers={"Idempotency-Key": key})
    then_refused(reply, 400, "idempotency_key_invalid", field="idempotency_key")


async def test_two_different_keys_are_refused(merchant: Merchant) -> None:
    reply = await merchant.send("POST", "/v1/payment_intents", INTENT | {"idempotency_key": "one"}, key="other")
    then_refused(reply, 400, "idempotency_keys_differ", field="idempotency_key")


async def _refused_body(merchant: Merchant) -> Reply:
    return await merchant.pay(amount=0, key="the-key")


async def _unknown_currency(merchant: Merchant) -> Reply:
    return await merchant.pay(currency="EUX", key="the-key")


async def _capture_over_the_limit(merchant: Merchant) -> Reply:
    return await merchant.act(await authorized(merchant), "capture", amount=1001, key="the-key")


async def _illegal_transition(merchant: Merchant) -> Reply:
    return await merchant.act(await captured(merchant), "void", key="the-key")


@pytest.mark.parametrize("refused", [_refused_body, _unknown_currency, _capture_over_the_limit, _illegal_transition])
async def test_a_refused_request_does_not_use_up_its_key(
    merchant: Merchant, refused: Callable[[Merchant], Awaitable[Reply]]
) -> None:
    assert (await refused(merchant)).status in (400, 409, 422)
    good = await merchant.pay(key="the-key")
    assert good.status == 201
    assert "Idempotency-Replayed" not in good.headers
