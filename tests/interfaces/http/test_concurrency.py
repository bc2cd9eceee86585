"""Many requests at the same moment have the effect of one at a time: nothing is charged, taken or given back twice."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.given import authorized, captured
from tests.interfaces.http.provider_books import the_charge_of
from tests.support.running import Merchant, Reply

IDENTICAL = 200
AT_ONCE = 50
TOLD_TO_COME_BACK = (409, 503)
"""While the first is at work; and where a busy machine could not come to it in time."""
ANSWERED_WITHIN_S = 60.0
ASK_AGAIN_S = 0.05


@pytest.fixture
async def crowd(merchant: Merchant) -> AsyncIterator[Merchant]:
    """The merchant with as many connections as it likes."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield Merchant(http, merchant.url, merchant.merchant_id, merchant.key_id, merchant.secret)


async def answered(send: Callable[[], Awaitable[Reply]]) -> Reply:
    """The answer, asked for again with the same key for as long as we are told to come back."""
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    while time.monotonic() < deadline:
        reply = await send()
        if "Retry-After" not in reply.headers:
            return reply
        assert reply.status in TOLD_TO_COME_BACK, reply
        await asyncio.sleep(ASK_AGAIN_S)
    raise AssertionError("told to come back for too long")


async def test_identical_requests_make_one_payment_one_charge_and_equal_answers(stack: Stack, crowd: Merchant) -> None:
    replies = await asyncio.gather(*(answered(lambda: crowd.pay(key="the-key")) for _ in range(IDENTICAL)))

    assert {(reply.status, reply.body) for reply in replies} == {(201, replies[0].body)}
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1
    payment_id = replies[0].json["payment_id"]
    assert (await the_charge_of(stack, payment_id))["captured"] == 1000
    found = await crowd.get("/v1/payments", headers={"Tallystick-Position": replies[0].headers["Tallystick-Position"]})
    assert [payment["payment_id"] for payment in found.json["payments"]] == [payment_id]


async def test_of_many_captures_just_those_that_fit_are_made(stack: Stack, crowd: Merchant) -> None:
    payment_id = await authorized(crowd, 1000)

    async def capture(number: int) -> Reply:
        key = f"capture-{number}"
        return await answered(lambda: crowd.act(payment_id, "capture", key=key, amount=150, final=False))

    replies = await asyncio.gather(*map(capture, range(AT_ONCE)))

    assert Counter(reply.status for reply in replies) == {200: 6, 422: AT_ONCE - 6}
    payment = await crowd.payment(payment_id)
    assert (payment["status"], payment["amount_captured"]) == ("partially_captured", 900)
    assert len({capture["capture_id"] for capture in payment["captures"]}) == 6
    charge = await the_charge_of(stack, payment_id)
    assert (charge["captured"], charge["released"]) == (900, 0)


async def test_of_many_refunds_never_more_is_given_back_than_was_taken(stack: Stack, crowd: Merchant) -> None:
    payment_id = await captured(crowd, 1000)

    async def refund(number: int) -> Reply:
        return await answered(lambda: crowd.act(payment_id, "refunds", key=f"refund-{number}", amount=300))

    replies = await asyncio.gather(*map(refund, range(AT_ONCE)))

    assert Counter(reply.status for reply in replies) == {201: 3, 422: AT_ONCE - 3}
    assert (await crowd.payment(payment_id))["amount_refunded"] == 900
    assert (await the_charge_of(stack, payment_id))["refunded"] == 900


async def test_of_a_capture_and_a_void_at_the_same_moment_one_wins(stack: Stack, crowd: Merchant) -> None:
    payments = [await authorized(crowd) for _ in range(10)]

    async def race(payment_id: str) -> None:
        taken, voided = await asyncio.gather(
            answered(lambda: crowd.act(payment_id, "capture")), answered(lambda: crowd.act(payment_id, "void"))
        )
        assert sorted((taken.status, voided.status)) == [200, 409]
        charge = await the_charge_of(stack, payment_id)
        assert (charge["captured"], charge["voided"]) == ((1000, 0) if taken.status == 200 else (0, 1000))

    await asyncio.gather(*map(race, payments))
