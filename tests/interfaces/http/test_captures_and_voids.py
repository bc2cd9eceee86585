"""Taking authorised money in one part or in several, and releasing what is not taken."""

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.given import authorized, captured, partially_captured
from tests.interfaces.http.provider_books import the_charge_of
from tests.support.running import Merchant


async def test_a_capture_without_an_amount_takes_all_of_it(stack: Stack, merchant: Merchant) -> None:
    payment_id = await authorized(merchant)
    taken = await merchant.act(payment_id, "capture")

    assert (taken.status, taken.json["status"], taken.json["payment_id"]) == (200, "captured", payment_id)
    [capture] = taken.json["captures"]
    assert capture == {"capture_id": capture["capture_id"], "amount": 1000, "fee": 59, "fee_currency": "EUR"}
    assert taken.json["operation"] == {
        "id": capture["capture_id"],
        "type": "capture",
        "status": "succeeded",
        "failure": None,
    }
    assert (await the_charge_of(stack, payment_id))["captured"] == 1000


async def test_a_partial_capture_releases_the_rest(stack: Stack, merchant: Merchant) -> None:
    payment_id = await authorized(merchant)
    taken = await merchant.act(payment_id, "capture", amount=400)

    assert taken.json["status"] == "captured"
    assert (taken.json["amount_captured"], taken.json["amount_capturable"]) == (400, 0)
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["released"]) == (400, 600)


async def test_partial_captures_that_are_not_final_keep_the_rest_open(stack: Stack, merchant: Merchant) -> None:
    payment_id = await authorized(merchant)
    first = await merchant.act(payment_id, "capture", amount=300, final=False)
    assert (first.json["status"], first.json["amount_capturable"]) == ("partially_captured", 700)
    second = await merchant.act(payment_id, "capture", amount=200, final=False)
    assert (second.json["status"], second.json["amount_capturable"]) == ("partially_captured", 500)
    last = await merchant.act(payment_id, "capture", amount=100)

    assert (last.json["status"], last.json["amount_captured"], last.json["amount_capturable"]) == ("captured", 600, 0)
    assert [capture["amount"] for capture in last.json["captures"]] == [300, 200, 100]
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["released"]) == (600, 400)


async def test_a_capture_of_all_that_is_left_is_final_whatever_it_says(merchant: Merchant) -> None:
    payment_id = await partially_captured(merchant, taken=400)
    taken = await merchant.act(payment_id, "capture", amount=600, final=False)
    assert (taken.json["status"], taken.json["amount_captured"]) == ("captured", 1000)


async def test_a_void_releases_everything(stack: Stack, merchant: Merchant) -> None:
    payment_id = await authorized(merchant)
    voided = await merchant.act(payment_id, "void")

    assert (voided.status, voided.json["status"], voided.json["amount_capturable"]) == (200, "voided", 0)
    assert voided.json["operation"] | {"id": "void_"} == {
        "id": "void_",
        "type": "void",
        "status": "succeeded",
        "failure": None,
    }
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["voided"]) == (0, 1000)


async def test_a_void_needs_neither_a_key_nor_a_body(merchant: Merchant) -> None:
    payment_id = await authorized(merchant)
    voided = await merchant.send("POST", f"/v1/payments/{payment_id}/void")
    assert (voided.status, voided.json["status"]) == (200, "voided")


async def test_after_a_partial_capture_a_void_releases_the_rest_and_keeps_what_was_taken(
    stack: Stack, merchant: Merchant
) -> None:
    payment_id = await partially_captured(merchant, taken=400)
    voided = await merchant.act(payment_id, "void")

    assert (voided.json["status"], voided.json["amount_captured"]) == ("captured", 400)
    assert (voided.json["amount_capturable"], voided.json["amount_refundable"]) == (0, 400)
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["voided"]) == (400, 600)


async def test_a_declined_capture_leaves_the_payment_authorized(stack: Stack, merchant: Merchant) -> None:
    payment_id = await authorized(merchant, token="tok_capture_declined")
    refused = await merchant.act(payment_id, "capture", amount=400)

    assert (refused.status, refused.json["status"], refused.json["captures"]) == (200, "authorized", [])
    assert (refused.json["amount_capturable"], refused.json["failure"]) == (1000, None)
    assert refused.json["operation"]["status"] == "failed"
    assert refused.json["operation"]["failure"]["code"] == "capture_declined"
    assert (await merchant.payment(payment_id))["operation"] is None
    assert (await the_charge_of(stack, payment_id))["captured"] == 0


async def test_a_payment_whose_capture_was_declined_can_still_be_voided(merchant: Merchant) -> None:
    payment_id = await authorized(merchant, token="tok_capture_declined")
    await merchant.act(payment_id, "capture")
    assert (await merchant.act(payment_id, "void")).json["status"] == "voided"


async def test_every_step_of_a_payment_is_in_its_history(merchant: Merchant) -> None:
    payment_id = await partially_captured(merchant, taken=400)
    await merchant.act(payment_id, "void")
    await merchant.act(payment_id, "refunds", amount=100, reason="damaged")
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]

    assert [event["event"] for event in history] == [
        "payment.created.v2",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.authorized.v1",
        "payment.capture_started.v1",
        "payment.captured.v2",
        "payment.void_started.v1",
        "payment.voided.v1",
        "payment.refund_started.v2",
        "payment.refunded.v3",
    ]
    assert [event["version"] for event in history] == list(range(1, 11))
    assert history[8]["data"]["reason"] == "damaged"
    assert {event["actor"] for event in history} == {f"key:{merchant.key_id}"}


async def test_an_automatic_payment_has_nothing_left_to_capture(merchant: Merchant) -> None:
    payment = await merchant.payment(await captured(merchant))
    assert (payment["amount_capturable"], payment["amount_captured"]) == (0, 1000)
