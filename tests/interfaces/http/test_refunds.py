"""Giving captured money back: in part, in several parts, or all of it."""

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.given import captured, partially_captured
from tests.interfaces.http.provider_books import the_charge_of
from tests.support.running import Merchant


async def test_a_partial_refund_gives_back_its_amount(stack: Stack, merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    refunded = await merchant.act(payment_id, "refunds", amount=300, reason="damaged")

    assert refunded.status == 201
    refund_id = refunded.json["refund_id"]
    assert refund_id.startswith("re_")
    assert refunded.json == {
        "refund_id": refund_id,
        "payment_id": payment_id,
        "status": "succeeded",
        "amount": 300,
        "currency": "EUR",
        "failure": None,
    }
    payment = await merchant.payment(payment_id)
    assert (payment["status"], payment["refunds"]) == (
        "partially_refunded",
        [{"refund_id": refund_id, "status": "succeeded", "amount": 300}],
    )
    assert (payment["amount_refunded"], payment["amount_refundable"], payment["amount_captured"]) == (300, 700, 1000)
    assert (await the_charge_of(stack, payment_id))["refunded"] == 300


async def test_a_refund_without_an_amount_gives_back_all_that_is_left(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    await merchant.act(payment_id, "refunds", amount=300)
    rest = await merchant.act(payment_id, "refunds")
    assert rest.json["amount"] == 700
    assert (await merchant.payment(payment_id))["status"] == "refunded"


async def test_several_refunds_add_up(stack: Stack, merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    for amount in (100, 200, 700):
        assert (await merchant.act(payment_id, "refunds", amount=amount)).status == 201

    payment = await merchant.payment(payment_id)
    assert (payment["status"], payment["amount_refunded"], payment["amount_refundable"]) == ("refunded", 1000, 0)
    assert [refund["amount"] for refund in payment["refunds"]] == [100, 200, 700]
    assert (await the_charge_of(stack, payment_id))["refunded"] == 1000


async def test_what_was_taken_can_be_refunded_while_the_rest_is_still_open(merchant: Merchant) -> None:
    payment_id = await partially_captured(merchant, taken=400)
    assert (await merchant.act(payment_id, "refunds", amount=150)).json["status"] == "succeeded"

    payment = await merchant.payment(payment_id)
    assert (payment["amount_capturable"], payment["amount_refunded"], payment["amount_refundable"]) == (600, 150, 250)
    assert (await merchant.act(payment_id, "capture")).json["amount_captured"] == 1000


async def test_a_reason_may_be_written_in_any_language(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    reason = "配送の遅延 – retard 😀"
    assert (await merchant.act(payment_id, "refunds", reason=reason)).status == 201
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
    assert history[-2]["data"]["reason"] == reason


async def test_a_declined_refund_leaves_the_payment_captured(stack: Stack, merchant: Merchant) -> None:
    payment_id = await captured(merchant, token="tok_refund_declined")
    refused = await merchant.act(payment_id, "refunds", amount=300)

    assert (refused.status, refused.json["status"], refused.json["amount"]) == (201, "failed", 300)
    assert refused.json["failure"]["code"] == "refund_declined"
    payment = await merchant.payment(payment_id)
    assert (payment["status"], payment["refunds"], payment["amount_refundable"]) == ("captured", [], 1000)
    assert (await the_charge_of(stack, payment_id))["refunded"] == 0
