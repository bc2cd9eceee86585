"""Wake-ups by the bus: relied upon while the relay is heard, and for what the views show once these have caught up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from application.write.store import Append
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import Bus
from infrastructure.nats.caught_up import CaughtUp
from infrastructure.nats.listener import Listener
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.store import PostgresEventStore
from projections.payment.status import PAYMENT_STATUS
from tests.infrastructure.nats.wiring import listening, relaying, running, true_of
from tests.support.store import advanced, created, everything, open_views, until

A_WHILE_S = 2.5
"""Longer than the relay's silence may be."""


async def append(store: PostgresEventStore) -> None:
    await store.append(Append(events=(created(uuid4()),)))


async def project(store: PostgresEventStore, database_url: str) -> None:
    async with open_views(database_url) as views:
        await advanced(views, PAYMENT_STATUS, await everything(store))


async def until_relied_upon(listener: Listener) -> None:
    await until(true_of(lambda: listener.wakeups.are_reliable), "the relay is heard")


@asynccontextmanager
async def catching_up(listener: Listener, database_url: str) -> AsyncIterator[CaughtUp]:
    pool = ReadPool(database_url)
    await pool.open()
    caught_up = CaughtUp(listener, [PAYMENT_STATUS], pool.connection)
    async with running(caught_up.run()):
        yield caught_up
    await pool.aclose()


async def test_each_growth_wakes_and_nothing_does_in_between(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await until_relied_upon(listener)
        for _ in range(3):
            since = listener.wakeups.count
            waiting = asyncio.create_task(listener.wakeups.wait(since=since, within_s=60.0))
            await append(store)
            await waiting
            assert listener.wakeups.count > since


async def test_a_relay_that_is_well_is_relied_upon_without_a_break(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await append(store)
        await until_relied_upon(listener)
        await asyncio.sleep(A_WHILE_S)
        since = listener.wakeups.count
        await asyncio.sleep(A_WHILE_S)
        assert listener.wakeups.count <= since + 1, "on a busy machine a message may be late"


async def test_a_relay_that_ended_is_not_relied_upon(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener:
        async with relaying(database_url, relays_bus):
            await until_relied_upon(listener)
        await until(true_of(lambda: not listener.wakeups.are_reliable), "the silence is noticed", within_s=5.0)
        since = listener.wakeups.count
        await append(store)
        async with relaying(database_url, relays_bus):
            await until(true_of(lambda: listener.wakeups.count > since), "what may have been missed is looked for")


async def test_a_bus_that_is_lost_is_not_relied_upon(
    database_url: str, relays_bus: Bus, bus: Bus, nats: EmbeddedNats
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await until_relied_upon(listener)
        await asyncio.to_thread(nats.kill)
        await until(true_of(lambda: not listener.wakeups.are_reliable), "the loss is noticed")
        nats.start()
        await until_relied_upon(listener)


async def test_what_the_views_show_is_relied_upon_once_they_have_caught_up(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with (
        listening(database_url, bus) as listener,
        relaying(database_url, relays_bus),
        catching_up(listener, database_url) as caught_up,
    ):
        for _ in range(2):
            await append(store)
            await until(true_of(lambda: not caught_up.wakeups.are_reliable), "the view is behind")
            await asyncio.sleep(A_WHILE_S)
            assert not caught_up.wakeups.are_reliable
            since = caught_up.wakeups.count
            await project(store, database_url)
            await until(true_of(lambda: caught_up.wakeups.are_reliable), "the view has caught up")
            assert caught_up.wakeups.count > since, "work that looked before looks again"


async def test_what_the_views_show_is_not_relied_upon_without_the_relay(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, catching_up(listener, database_url) as caught_up:
        async with relaying(database_url, relays_bus):
            await append(store)
            await project(store, database_url)
            await until(true_of(lambda: caught_up.wakeups.are_reliable), "the view has caught up")
        await until(true_of(lambda: not caught_up.wakeups.are_reliable), "the silence is noticed")


@pytest.mark.parametrize("away", [True, False])
async def test_a_store_that_is_away_has_not_caught_up(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore, away: bool
) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing" if away else database_url
    await append(store)
    await project(store, database_url)
    async with (
        listening(database_url, bus) as listener,
        relaying(database_url, relays_bus),
        catching_up(listener, url) as caught_up,
    ):
        await until_relied_upon(listener)
        await asyncio.sleep(A_WHILE_S)
        assert caught_up.wakeups.are_reliable is not away
