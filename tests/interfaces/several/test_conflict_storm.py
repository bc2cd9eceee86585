"""A hundred captures of one payment at the same moment, at two APIs: just the legal ones are made."""

import asyncio
from collections import Counter

import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import TYPE_PREFIX
from tests.interfaces.http.given import authorized
from tests.interfaces.http.provider_books import the_charge_of
from tests.interfaces.http.test_concurrency import answered
from tests.support.running import Merchant, Reply

pytestmark = pytest.mark.system

CAPTURES = 100
AUTHORIZED = 10_000
TAKEN_EACH = 300
FIT = AUTHORIZED // TAKEN_EACH
REFUSED = Counter({TYPE_PREFIX + "capture_exceeds_authorized": CAPTURES - FIT})


async def test_of_a_hundred_captures_at_two_apis_just_those_that_fit_are_made(
    stack: Stack, doors: list[Merchant]
) -> None:
    payment_id = await authorized(doors[0], AUTHORIZED)

    async def capture(number: int) -> Reply:
        door = doors[number % len(doors)]
        key = f"capture-{number}"
        return await answered(lambda: door.act(payment_id, "capture", key=key, amount=TAKEN_EACH, final=False))

    replies = await asyncio.gather(*map(capture, range(CAPTURES)))

    made = [reply for reply in replies if reply.status == 200]
    refused = [reply for reply in replies if reply.status != 200]
    assert len(made) == FIT
    assert Counter(reply.json["type"] for reply in refused) == REFUSED
    assert {reply.status for reply in refused} == {422}

    payment = await doors[1].payment(payment_id)
    captured = FIT * TAKEN_EACH
    assert (payment["status"], payment["amount_captured"]) == ("partially_captured", captured)
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["released"]) == (captured, 0)
    await _no_event_tells_of_a_refused_one(doors[1], payment_id)


async def _no_event_tells_of_a_refused_one(merchant: Merchant, payment_id: str) -> None:
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
    assert Counter(event["event"] for event in history) == {
        "payment.created.v2": 1,
        "payment.routed.v1": 1,
        "payment.attempt_started.v1": 1,
        "payment.authorized.v1": 1,
        "payment.capture_started.v1": FIT,
        "payment.captured.v2": FIT,
    }
    entries = (await merchant.get(f"/v1/payments/{payment_id}/ledger")).json["entries"]
    assert Counter(entry["cause"] for entry in entries) == {"payment.authorized.v1": 1, "payment.captured.v2": FIT}
