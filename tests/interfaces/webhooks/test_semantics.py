"""What comes, when, and what happens: each row of the table in docs/WEBHOOKS.md, through the running API and worker."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import msgspec

from interfaces import ids
from tests.interfaces.webhooks.conftest import Notary
from tests.support.notary import News
from tests.support.running import Merchant, eventually


async def events_of(merchant: Merchant, payment_id: str) -> list[dict[str, Any]]:
    reply = await merchant.get(f"/v1/payments/{payment_id}/events")
    assert reply.status == 200, reply
    events: list[dict[str, Any]] = reply.json["events"]
    return events


async def names_of(merchant: Merchant, payment_id: str) -> list[str]:
    return [event["event"] for event in await events_of(merchant, payment_id)]


async def attempt_of(merchant: Merchant, payment_id: str) -> UUID:
    """What the attempt is called at the provider."""
    [attempt] = [
        each for each in await events_of(merchant, payment_id) if each["event"] == "payment.attempt_started.v1"
    ]
    return UUID(attempt["data"]["attempt_id"])


async def charge_of(merchant: Merchant, payment_id: str) -> str:
    """The provider's name for the charge."""
    [charged] = [each for each in await events_of(merchant, payment_id) if each["event"] == "payment.authorized.v1"]
    return str(charged["data"]["reference"])


async def in_the_dark(merchant: Merchant, **fields: Any) -> str:
    """A payment that is at a provider which does not answer."""
    reply = await merchant.pay(**fields)
    assert (reply.status, reply.json["status"]) == (201, "processing"), reply
    return str(reply.json["payment_id"])


async def becomes(merchant: Merchant, payment_id: str, status: str) -> None:
    async def is_so() -> bool:
        return bool((await merchant.payment(payment_id))["status"] == status)

    await eventually(is_so, f"the payment is {status}")


async def test_news_of_an_open_operation_settles_it_like_an_answer(merchant: Merchant, notary: Notary) -> None:
    with notary.silent():
        payment_id = await in_the_dark(merchant, capture_method="manual")
        delivery = await notary.tell(
            "authorize", operation_id=await attempt_of(merchant, payment_id), reference="ch_told"
        )
        await becomes(merchant, payment_id, "authorized")
        assert (await notary.comes_to(delivery, "done")).endswith(": approved")
    [authorized] = [each for each in await events_of(merchant, payment_id) if each["event"] == "payment.authorized.v1"]
    assert (authorized["actor"], authorized["causation_id"]) == ("psp:simulator", f"webhook:{delivery}")
    assert authorized["data"]["reference"] == "ch_told"
    assert notary.row(delivery)["payment_id"] == str(ids.parse(payment_id, ids.PAYMENT))


async def test_the_charge_of_another_payment_is_not_taken_for_that_of_this_one(
    merchant: Merchant, notary: Notary
) -> None:
    """Else this payment's captures and refunds would move the money of another customer."""
    reply = await merchant.pay(capture_method="manual")
    charge = await charge_of(merchant, reply.json["payment_id"])
    with notary.silent():
        payment_id = await in_the_dark(merchant, capture_method="manual")
        delivery = await notary.tell("authorize", operation_id=await attempt_of(merchant, payment_id), reference=charge)
        assert charge in await notary.comes_to(delivery, "dead")
    assert (await merchant.payment(payment_id))["status"] == "processing"
    assert "payment.contradiction_reported.v1" in await names_of(merchant, payment_id)


async def test_news_of_a_decline_ends_the_payment(merchant: Merchant, notary: Notary) -> None:
    with notary.silent():
        payment_id = await in_the_dark(merchant)
        await notary.tell("authorize", approved=False, operation_id=await attempt_of(merchant, payment_id))
        await becomes(merchant, payment_id, "failed")


async def test_captured_before_authorised_settles_and_the_authorisation_is_no_news_then(
    merchant: Merchant, notary: Notary
) -> None:
    with notary.silent():
        payment_id = await in_the_dark(merchant)
        attempt_id = await attempt_of(merchant, payment_id)
        captured = await notary.tell("capture", operation_id=attempt_id, reference="ch_reordered")
        await becomes(merchant, payment_id, "captured")
        authorized = await notary.tell("authorize", operation_id=attempt_id, reference="ch_reordered")
        assert (await notary.comes_to(authorized, "done")).startswith("nothing new: ")
        assert (await notary.comes_to(captured, "done")).startswith("settled ")
    names = await names_of(merchant, payment_id)
    assert (names.count("payment.authorized.v1"), names.count("payment.captured.v2")) == (1, 1)


async def test_news_that_comes_late_changes_nothing(merchant: Merchant, notary: Notary) -> None:
    payment_id = (await merchant.pay()).json["payment_id"]
    await merchant.act(payment_id, "refunds")
    before = await names_of(merchant, payment_id)
    delivery = await notary.tell("capture", reference=await charge_of(merchant, payment_id))
    assert await notary.comes_to(delivery, "done") == "nothing new: the outcome is known already"
    assert await names_of(merchant, payment_id) == before


async def test_the_same_event_twice_is_one(merchant: Merchant, notary: Notary) -> None:
    payment_id = (await merchant.pay()).json["payment_id"]
    reference = await charge_of(merchant, payment_id)
    first = await notary.tell("capture", event_id="evt_twice", reference=reference)
    await notary.comes_to(first, "done")
    second = await notary.tell("capture", event_id="evt_twice", reference=reference)
    assert await notary.comes_to(second, "done") == f"duplicate of {first}"
    assert notary.row(second)["event_id"] == "evt_twice"


async def test_the_same_event_with_other_content_is_a_dead_letter(merchant: Merchant, notary: Notary) -> None:
    first_id, other_id = [(await merchant.pay()).json["payment_id"] for _ in range(2)]
    first = await notary.tell("capture", event_id="evt_other", reference=await charge_of(merchant, first_id))
    await notary.comes_to(first, "done")
    second = await notary.tell("capture", event_id="evt_other", reference=await charge_of(merchant, other_id))
    assert await notary.comes_to(second, "dead") == f"the event evt_other came before, as {first}, and said otherwise"


async def test_many_at_once_with_one_event_have_one_effect(merchant: Merchant, notary: Notary) -> None:
    with notary.silent():
        payment_id = await in_the_dark(merchant)
        news = News(
            id=uuid4().hex, about="capture", operation_id=await attempt_of(merchant, payment_id), reference="ch_once"
        )
        body = msgspec.json.encode(news)
        deliveries = await asyncio.gather(*(notary.deliver(body) for _ in range(20)))
        results = [await notary.comes_to(delivery, "done") for delivery in deliveries]
        await becomes(merchant, payment_id, "captured")
    assert sum(result.startswith("duplicate of ") for result in results) == 19
    assert (await names_of(merchant, payment_id)).count("payment.captured.v2") == 1


async def test_news_that_names_only_the_charge_has_the_provider_asked(merchant: Merchant, notary: Notary) -> None:
    payment_id = (await merchant.pay(capture_method="manual", token="tok_capture_timeout")).json["payment_id"]
    reference = await charge_of(merchant, payment_id)
    capturing = asyncio.create_task(merchant.act(payment_id, "capture"))

    async def is_under_way() -> bool:
        return "payment.capture_started.v1" in await names_of(merchant, payment_id)

    await eventually(is_under_way, "the capture has begun")
    delivery = await notary.tell("capture", reference=reference)
    result = await notary.comes_to(delivery, "done")
    assert result in ("the provider was asked, and has settled the open operation", "nothing is open any more") or (
        result.startswith("nothing new: ")
    )
    await capturing
    assert (await names_of(merchant, payment_id)).count("payment.captured.v2") == 1


async def test_the_opposite_of_what_is_on_record_is_reported_once_and_left_to_an_operator(
    merchant: Merchant, notary: Notary
) -> None:
    payment_id = (await merchant.pay()).json["payment_id"]
    attempt_id = await attempt_of(merchant, payment_id)
    for _ in range(2):
        delivery = await notary.tell("authorize", approved=False, operation_id=attempt_id)
        assert "the provider says the opposite" in await notary.comes_to(delivery, "dead")
    assert (await merchant.payment(payment_id))["status"] == "captured"
    assert (await names_of(merchant, payment_id)).count("payment.contradiction_reported.v1") == 1


async def test_our_operation_with_another_payments_charge_settles_nothing(merchant: Merchant, notary: Notary) -> None:
    other = await charge_of(merchant, (await merchant.pay()).json["payment_id"])
    await notary.comes_to(await notary.tell("capture", reference=other), "done")
    with notary.silent():
        payment_id = await in_the_dark(merchant)
        attempt_id = await attempt_of(merchant, payment_id)
        delivery = await notary.tell("capture", operation_id=attempt_id, reference=other)
        assert "which is another payment's" in await notary.comes_to(delivery, "dead")
        assert (await merchant.payment(payment_id))["status"] == "processing"
        assert "payment.contradiction_reported.v1" in await names_of(merchant, payment_id)


async def test_what_nobody_knows_is_tried_again_and_given_up_in_the_end(notary: Notary) -> None:
    delivery = await notary.tell("authorize", operation_id=uuid4())
    await notary.comes_to_its_last_try(delivery)
    assert await notary.comes_to(delivery, "dead") == "no payment is known to have such an operation or reference"
    assert notary.row(delivery)["tries"] == 8


async def test_what_comes_before_we_asked_for_it_makes_sense_later(merchant: Merchant, notary: Notary) -> None:
    """A charge that the provider tells of before its answer has reached our views."""
    payment_id = (await merchant.pay()).json["payment_id"]
    delivery = await notary.tell("capture", reference=await charge_of(merchant, payment_id))
    assert (await notary.comes_to(delivery, "done")).startswith("nothing new: ")


async def test_what_cannot_be_read_is_given_up_at_once(notary: Notary) -> None:
    delivery = await notary.deliver(b"\xff\x00 not what we agreed on")
    assert (await notary.comes_to(delivery, "dead")).startswith("it cannot be read: ")
    assert notary.row(delivery)["tries"] == 1


async def test_a_name_that_no_column_takes_stops_nobody(notary: Notary) -> None:
    hostile = await notary.tell("authorize", event_id="evt_\0", reference="ch_\0")
    harmless = await notary.tell("customer.created")
    assert (await notary.comes_to(hostile, "dead")).startswith("it cannot be read: ")
    assert await notary.comes_to(harmless, "done") == "of a kind that we have no use for: customer.created"


async def test_another_merchants_provider_reference_is_found_and_what_is_not_the_providers_own_is_not(
    merchant: Merchant, notary: Notary
) -> None:
    delivery = await notary.tell("refund", reference="ch_of_nobody")
    await notary.comes_to_its_last_try(delivery)
    await notary.comes_to(delivery, "dead")
