"""A provider that never answers takes up its own turns and nobody else's, in recovery and in timers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.payment import recovery as recovery_module
from application.payment.recovery import Recovery
from application.payment.timers import Timers
from application.provider.port import ProviderRequest
from application.work.backoff import Backoff
from application.work.bulkhead import AT_A_PROVIDER_MAX, Bulkhead, BulkheadFull
from domain.identifiers import PaymentId, ProviderName
from domain.payment.outcome import Outcome
from domain.payment.state import Authorized, Expired
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from projections.payment.status import PAYMENT_STATUS
from tests.application.shop import Shop, far_future, payment_id_of
from tests.support.provider import ACTING, TIMING_OUT
from tests.support.store import advanced, everything, execute, open_store, open_views, until

NORTH, SOUTH = ProviderName("north"), ProviderName("south")
MANY = 80
"""More than are worked on at a time."""
A_WEEK = timedelta(days=7)


@pytest.fixture
async def shop(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Payments go to the north, where look-ups hang; or to the south, while the north's circuit is open."""
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)
    async with open_store(database_url) as store:
        opened = Shop(store, NORTH, SOUTH)
        monkeypatch.setattr(opened.providers[NORTH], "lookup", Hanging())
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


class Hanging:
    """A look-up that never ends."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _request: ProviderRequest) -> Outcome | None:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError


async def paid(shop: Shop, provider: ProviderName, *, token: str = TIMING_OUT, count: int = 1) -> list[PaymentId]:
    shop.routing.open_circuits = () if provider == NORTH else (NORTH,)
    return [
        payment_id_of(answered) for answered in await asyncio.gather(*(shop.create(token=token) for _ in range(count)))
    ]


def recovery_of(shop: Shop) -> Recovery:
    return Recovery(
        store=shop.store,
        queue=shop.queue,
        operations=shop.operations,
        letters=shop.letters,
        now=far_future,
        new_id=uuid4,
        backoff=Backoff(first_s=1, longest_s=60),
    )


@asynccontextmanager
async def under_way(work: Coroutine[Any, Any, int]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done()
    finally:
        # Again where it was lost: until Python 3.12 asyncio.wait_for can swallow the cancellation it is ended by.
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1.0)
        with suppress(asyncio.CancelledError):
            await task


async def until_all(shop: Shop, payments: list[PaymentId], stage: type[object]) -> None:
    async def reached() -> bool:
        return all([isinstance(await shop.payment(payment_id), stage) for payment_id in payments])

    await until(reached, f"all are {stage.__name__}")


async def test_operations_at_other_providers_are_not_kept_waiting(shop: Shop, database_url: str) -> None:
    await paid(shop, NORTH, count=MANY)
    others = await paid(shop, SOUTH, count=3)
    async with under_way(recovery_of(shop).sweep(older_than_s=0)):
        await until_all(shop, others, Authorized)
        hanging = shop.providers[NORTH].lookup
        assert isinstance(hanging, Hanging)
        assert hanging.asked == AT_A_PROVIDER_MAX

        async def put_off() -> bool:
            tries = execute(database_url, "SELECT tries FROM operation_claim WHERE unresolved ORDER BY tries")
            return tries == [(0,)] * (MANY - AT_A_PROVIDER_MAX) + [(1,)] * AT_A_PROVIDER_MAX

        await until(put_off, "those without a turn count as not tried")


async def test_what_comes_due_while_a_sweep_waits_is_tried(shop: Shop) -> None:
    await paid(shop, NORTH)
    async with under_way(recovery_of(shop).sweep(older_than_s=0)):
        hanging = shop.providers[NORTH].lookup
        assert isinstance(hanging, Hanging)
        await until(lambda: asyncio.sleep(0, hanging.asked == 1), "the north is asked")
        await until_all(shop, await paid(shop, SOUTH), Authorized)


async def test_timers_that_need_another_provider_or_none_fire(shop: Shop, database_url: str) -> None:
    await paid(shop, NORTH, token=ACTING, count=MANY)
    authorized = await paid(shop, NORTH, token="tok_visa", count=3)
    pool = ReadPool(database_url)
    await pool.open()
    async with open_views(database_url) as views:
        await advanced(views, PAYMENT_STATUS, await everything(shop.store))
    shop.now += A_WEEK
    timers = Timers(
        store=shop.store,
        queue=PostgresTimerQueue(pool),
        operations=shop.operations,
        letters=shop.letters,
        now=shop.clock,
        new_id=uuid4,
    )
    async with under_way(timers.sweep()):
        await until_all(shop, authorized, Expired)
    await pool.aclose()


async def test_nobody_waits_for_a_turn_where_none_ends_and_all_do_where_they_do() -> None:
    turns, ended = Bulkhead(), asyncio.Event()

    async def hang() -> None:
        async with turns.at(NORTH):
            await ended.wait()

    async def hurry() -> None:
        async with turns.at(SOUTH):
            await asyncio.sleep(0)

    hanging = [asyncio.create_task(hang()) for _ in range(AT_A_PROVIDER_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(BulkheadFull):
        await hang()
    await asyncio.gather(*(hurry() for _ in range(10 * AT_A_PROVIDER_MAX)))
    async with turns.at(None):
        ended.set()
    await asyncio.gather(*hanging)
    await hang()
