"""Relay, listener and feed over the test's own store and NATS, as the processes wire them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg

from infrastructure.nats.bus import BUS_ERRORS, Bus
from infrastructure.nats.feed import StoreFeed
from infrastructure.nats.listener import Listener
from infrastructure.nats.relay import Relay
from infrastructure.nats.wakeup import Wakeup, encode, subject_of
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.identity import identity_of
from tests.support.store import until


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Bus]:
    bus = Bus(url)
    bus.start()
    try:
        await until(true_of(lambda: bus.is_connected), "the bus is connected")
        yield bus
    finally:
        await bus.aclose()


@asynccontextmanager
async def relaying(database_url: str, bus: Bus) -> AsyncIterator[asyncio.Task[None]]:
    """A relay that runs for as long as the block."""
    async with (
        await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, application_name="tallystick relay"
        ) as connection,
        running(Relay(connection, bus).run()) as task,
    ):
        yield task


@asynccontextmanager
async def listening(database_url: str, bus: Bus) -> AsyncIterator[Listener]:
    """A listener to the test's store."""
    listener = Listener(bus, lambda: store_id_of(database_url))
    async with running(listener.run()):
        yield listener


@asynccontextmanager
async def feeding(database_url: str, bus: Bus, store: PostgresEventStore) -> AsyncIterator[tuple[StoreFeed, Listener]]:
    async with listening(database_url, bus) as listener:
        feed = StoreFeed(store, listener)
        async with running(feed.run()):
            yield feed, listener


@asynccontextmanager
async def running(coroutine: "Awaitable[None]") -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(coroutine)
    assert isinstance(task, asyncio.Task)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def store_id_of(database_url: str) -> UUID:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        return (await identity_of(connection)).store_id


async def tell(bus: Bus, store_id: UUID, position: int, *, as_of: UUID | None = None) -> None:
    """Publish a position on the subject of a store, in its name or in another's."""
    await publish(bus, store_id, encode(Wakeup(as_of or store_id, position)))


async def publish(bus: Bus, store_id: UUID, message: bytes) -> None:
    async def published() -> bool:
        try:
            await bus.publish(subject_of(store_id), message)
        except BUS_ERRORS:
            return False
        return True

    await until(published, "the message is published")


async def until_heard(listener: Listener, position: int) -> None:
    await until(true_of(lambda: listener.position == position), f"position {position} is heard")


def true_of(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return holds()

    return check
