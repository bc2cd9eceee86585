"""A provider that does not answer has perhaps taken the money: the payment says so, then finds out by itself."""

import asyncio
from typing import Any

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused, unchanged
from tests.interfaces.http.given import asked, authorized, captured
from tests.interfaces.http.provider_books import charges_of, the_charge_of
from tests.support.running import Merchant, eventually

PENDING = {"status": "pending", "failure": None}


async def test_a_payment_that_timed_out_is_processing_and_then_found_to_be_charged_once(
    stack: Stack, merchant: Merchant
) -> None:
    automatic, manual = await asyncio.gather(
        merchant.pay(token="tok_timeout", key="automatic"),
        merchant.pay(token="tok_timeout", capture_method="manual"),
    )
    for paid in (automatic, manual):
        assert (paid.status, paid.json["status"], paid.json["failure"]) == (201, "processing", None)
        assert paid.json["operation"]["status"] == "pending"

    await _comes_to(merchant, automatic.json["payment_id"], status="captured", amount_captured=1000)
    await _comes_to(merchant, manual.json["payment_id"], status="authorized", amount_capturable=1000)
    assert (await the_charge_of(stack, automatic.json["payment_id"]))["captured"] == 1000
    assert (await the_charge_of(stack, manual.json["payment_id"]))["captured"] == 0

    again = await merchant.pay(token="tok_timeout", key="automatic")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (automatic.body, "true")


async def test_whoever_looked_the_outcome_up_is_in_the_history(merchant: Merchant) -> None:
    paid = await merchant.pay(token="tok_error_5xx")
    await _comes_to(merchant, paid.json["payment_id"], status="failed")
    history = (await merchant.get(f"/v1/payments/{paid.json['payment_id']}/events")).json["events"]
    assert [(event["event"], event["actor"].partition(":")[0]) for event in history[-4:]] == [
        ("payment.outcome_unknown.v1", "key"),
        ("payment.attempt_failed.v1", "worker"),
        ("payment.routed.v1", "worker"),
        ("payment.failed.v1", "worker"),
    ]


async def test_a_charge_that_the_provider_failed_at_is_processing_and_then_failed(
    stack: Stack, merchant: Merchant
) -> None:
    paid = await merchant.pay(token="tok_error_5xx")
    assert (paid.status, paid.json["status"]) == (201, "processing")
    await _comes_to(merchant, paid.json["payment_id"], status="failed")
    payment = await merchant.payment(paid.json["payment_id"])
    assert payment["failure"]["code"] == "processing_error"
    assert await charges_of(stack, payment["payment_id"]) == []


async def test_captures_and_refunds_that_timed_out_are_pending_and_then_found_to_have_been_made(
    stack: Stack, merchant: Merchant
) -> None:
    to_capture = await authorized(merchant, token="tok_capture_timeout")
    to_refund = await captured(merchant, token="tok_refund_timeout")
    capture, refund = await asyncio.gather(
        merchant.act(to_capture, "capture", amount=400), merchant.act(to_refund, "refunds", amount=300)
    )
    operation = capture.json["operation"]
    assert (capture.status, capture.json["status"], capture.json["amount_captured"]) == (200, "authorized", 0)
    assert operation == {"id": operation["id"], "type": "capture"} | PENDING
    assert (refund.status, refund.json["status"], refund.json["failure"]) == (201, "pending", None)

    await _comes_to(merchant, to_capture, status="captured", amount_captured=400, operation=None)
    await _comes_to(merchant, to_refund, status="partially_refunded", amount_refunded=300, operation=None)
    assert (await the_charge_of(stack, to_capture))["captured"] == 400
    assert (await the_charge_of(stack, to_refund))["refunded"] == 300


async def test_while_an_attempt_is_at_the_provider_nothing_else_may_start(stack: Stack, merchant: Merchant) -> None:
    payment_id = (await merchant.pay(token="tok_timeout", confirm=False)).json["payment_id"]
    confirming = asyncio.create_task(asked(merchant, payment_id, "confirm"))
    await _comes_to(merchant, payment_id, status="processing")

    async with unchanged(merchant, payment_id):
        for verb in ("confirm", "capture", "void", "refunds"):
            reply = await asked(merchant, payment_id, verb)
            then_refused(reply, 409, "operation_in_progress", current_status="processing")
            assert reply.headers["Retry-After"] == "1"

    assert (await confirming).json["status"] == "processing"
    await _comes_to(merchant, payment_id, status="captured")
    assert (await the_charge_of(stack, payment_id))["captured"] == 1000


async def _comes_to(merchant: Merchant, payment_id: str, **facts: Any) -> None:
    """The payment comes to have these facts, without anybody asking for it."""

    async def has_them() -> bool:
        payment = await merchant.payment(payment_id)
        return facts.items() <= payment.items()

    await eventually(has_them, f"{payment_id} has {facts}")
