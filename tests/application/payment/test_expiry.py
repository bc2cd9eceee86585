"""An authorisation that ran out is released once, and never under a running operation."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from application.payment.expiry import BEHIND_AN_OPERATION, expire_authorization
from application.payment.loaded import PaymentNotFound
from application.payment.timer_outcome import Fired, NothingToDo, TimerOutcome, Waits
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.state import Captured, Expired
from tests.application.shop import Shop, a_caller
from tests.support.store import execute

CAUSE = Cause(actor="worker:timers", request_id="req", trace_id="0" * 32)
A_WEEK = timedelta(days=7)


async def expire(shop: Shop, payment_id: PaymentId) -> TimerOutcome:
    return await expire_authorization(shop.store, payment_id, CAUSE, shop.clock)


async def test_it_is_released_when_its_time_is_over_and_not_before(shop: Shop, database_url: str) -> None:
    payment_id = await shop.authorized()
    shop.now += A_WEEK - timedelta(microseconds=1)
    over_at = shop.now + timedelta(microseconds=1)
    assert await expire(shop, payment_id) == Waits(over_at)
    shop.now = over_at
    assert await expire(shop, payment_id) == Fired()
    assert isinstance(await shop.payment(payment_id), Expired)
    assert execute(database_url, "SELECT balance_minor FROM account_balance") == [(0,)]
    await shop.assert_books_hold()


async def test_it_is_released_once_however_many_workers_notice(shop: Shop) -> None:
    payment_id = await shop.authorized()
    shop.now += A_WEEK
    released = await asyncio.gather(*(expire(shop, payment_id) for _ in range(10)))
    assert released.count(Fired()) == 1
    assert await expire(shop, payment_id) == NothingToDo()
    assert (await shop.events(payment_id)).count("payment.authorization_expired.v1") == 1


async def test_what_was_captured_before_stays_captured(shop: Shop) -> None:
    payment_id = await shop.authorized()
    await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)
    shop.now += A_WEEK
    assert await expire(shop, payment_id) == Fired()
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured)
    assert payment.taken.captured.minor == 4000
    await shop.assert_books_hold()


async def test_it_waits_for_a_capture_at_the_provider(shop: Shop) -> None:
    payment_id = await shop.authorized()
    in_the_middle: list[TimerOutcome] = []

    async def try_to_expire() -> None:
        shop.now += A_WEEK
        in_the_middle.append(await expire(shop, payment_id))

    shop.provider.before_answer = try_to_expire
    await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)
    assert in_the_middle == [Waits(shop.now + BEHIND_AN_OPERATION)]
    assert await expire(shop, payment_id) == Fired()
    assert "payment.captured.v2" in await shop.events(payment_id)
    await shop.assert_books_hold()


async def test_there_is_nothing_to_release_of_a_captured_payment(shop: Shop) -> None:
    payment_id = await shop.captured()
    shop.now += A_WEEK
    assert await expire(shop, payment_id) == NothingToDo()


async def test_there_is_nothing_to_release_of_no_payment(shop: Shop) -> None:
    with pytest.raises(PaymentNotFound):
        await expire(shop, PaymentId(uuid4()))
