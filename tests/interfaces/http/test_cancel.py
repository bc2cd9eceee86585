"""A merchant reads a payment under the intent's id, and gives it up before any money is reserved."""

import aiohttp
import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused, unchanged
from tests.interfaces.http.given import asked, payment_that_is
from tests.interfaces.http.provider_books import the_charge_of
from tests.support.running import Merchant


async def test_an_intent_is_read_as_its_payment_is_now_and_as_it_was(merchant: Merchant) -> None:
    paid = await merchant.pay()
    intent = paid.json["payment_intent_id"]
    read = await merchant.get(f"/v1/payment_intents/{intent}")
    as_payment = await merchant.get(f"/v1/payments/{paid.json['payment_id']}")
    assert (read.status, read.body) == (200, as_payment.body)
    assert read.headers["Tallystick-Position"] == as_payment.headers["Tallystick-Position"]
    first = (await merchant.get(f"/v1/payments/{intent}/events")).json["events"][0]["position"]
    was = await merchant.get(f"/v1/payment_intents/{intent}?as_of={first}")
    assert (was.json["status"], was.headers["Tallystick-Position"]) == ("requires_confirmation", str(first))
    then_refused(await merchant.get(f"/v1/payment_intents/{intent}?as_of=0"), 404, "payment_not_found")


@pytest.mark.parametrize("status", ["requires_confirmation", "requires_action"])
async def test_a_canceled_payment_stays_canceled(merchant: Merchant, status: str) -> None:
    payment_id = await payment_that_is(merchant, status)
    canceled = await asked(merchant, payment_id, "cancel", key="cancel", reason="out of stock")
    assert (canceled.status, canceled.json["status"]) == (200, "canceled")
    assert (canceled.json["cancellation_reason"], canceled.json["failure"]) == ("out of stock", None)
    async with unchanged(merchant, payment_id):
        again = await asked(merchant, payment_id, "cancel", key="cancel", reason="out of stock")
        assert (again.body, again.headers["Idempotency-Replayed"]) == (canceled.body, "true")
        other = await asked(merchant, payment_id, "cancel", key="cancel", reason="another")
        then_refused(other, 422, "idempotency_key_reused", field="idempotency_key")
        then_refused(
            await asked(merchant, payment_id, "cancel"), 400, "idempotency_key_missing", field="idempotency_key"
        )
        under_another = await asked(merchant, payment_id, "cancel", key="another")
        assert (under_another.status, under_another.json["status"]) == (200, "canceled")
    behind_it = {"Tallystick-Position": canceled.headers["Tallystick-Position"]}
    found = await merchant.get("/v1/payments?status=canceled", headers=behind_it)
    assert [payment["payment_id"] for payment in found.json["payments"]] == [payment_id]


async def test_a_customer_cannot_approve_what_was_canceled(stack: Stack, merchant: Merchant) -> None:
    paid = await merchant.pay(token="tok_3ds", return_url="https://shop.example/")
    payment_id, challenge = paid.json["payment_id"], paid.json["next_action"]["action"]["url"]
    assert (await asked(merchant, payment_id, "cancel", key="cancel")).json["status"] == "canceled"
    async with (
        aiohttp.ClientSession() as customer,
        customer.post(challenge.replace("/challenge", "/customer"), json={"approves": True}) as reply,
    ):
        assert reply.status >= 400
    charge = await the_charge_of(stack, payment_id)
    assert (charge["authorized"], charge["captured"]) == (0, 0)


async def test_what_is_at_the_provider_is_told_to_wait(merchant: Merchant) -> None:
    paid = await merchant.pay(token="tok_timeout")
    assert paid.json["status"] == "processing"
    refused = await asked(merchant, paid.json["payment_id"], "cancel", key="cancel")
    then_refused(refused, 409, "operation_in_progress", current_status="processing")


@pytest.mark.parametrize("reason", ["4242 4242 4242 4242", "a\nb", "x" * 256])
async def test_a_reason_that_cannot_be_kept_is_refused(merchant: Merchant, reason: str) -> None:
    payment_id = await payment_that_is(merchant, "requires_confirmation")
    async with unchanged(merchant, payment_id):
        refused = await asked(merchant, payment_id, "cancel", key="cancel", reason=reason)
        assert (refused.status, refused.json["field"]) == (400, "reason")
