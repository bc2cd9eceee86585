"""The feed: published events with the position before each, quick, and able to say that nothing has come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from nats.js.api import Header

from application.store import Append
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats import feed as feed_module
from infrastructure.nats.bus import STREAM, Bus
from infrastructure.nats.feed import JetStreamFeed
from infrastructure.nats.relay import PREVIOUS_POSITION
from infrastructure.postgres.mapper import MsgspecTranscoder
from infrastructure.postgres.store import PostgresEventStore
from projections.projector import Delivery
from tests.infrastructure.nats.stream import connected, relaying, until_published
from tests.support.store import append_all, created, everything, until

BATCH = 7


class Reader:
    """Takes in one feed from its beginning to its end."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.batches: list[int] = []

    async def read(self, bus: Bus) -> None:
        async for batch in JetStreamFeed(bus, MsgspecTranscoder()).batches(events_max=BATCH):
            self.batches.append(len(batch))
            self.deliveries += batch

    @property
    def positions(self) -> list[int]:
        return [delivery.event.position for delivery in self.deliveries]


@asynccontextmanager
async def reading(bus: Bus) -> AsyncIterator[Reader]:
    """A feed that is being read; it has begun."""
    reader = Reader()
    task = asyncio.create_task(reader.read(bus))
    try:
        await until(lambda: _has_consumer(bus), "the feed has its consumer")
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _has_consumer(bus: Bus) -> bool:
    return (await (await bus.jetstream()).stream_info(STREAM)).state.consumer_count > 0


def true_of(holds: Callable[[], bool]) -> Callable[[], "asyncio.Future[bool]"]:
    async def check() -> bool:
        return holds()

    return lambda: asyncio.ensure_future(check())


async def test_events_come_in_order_with_the_position_before_each(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    async with relaying(database_url, bus), reading(bus) as reader:
        await append_all(store, [created(uuid4(), customer=str(number)) for number in range(30)])
        await until(true_of(lambda: len(reader.deliveries) == 30), "all have come")
    assert [delivery.event for delivery in reader.deliveries] == await everything(store)
    assert [delivery.previous_position for delivery in reader.deliveries] == list(range(30))


async def test_it_begins_with_what_is_published_next(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    async with relaying(database_url, bus):
        await append_all(store, [created(uuid4()) for _ in range(3)])
        await until_published(bus, store)
        async with reading(bus) as reader:
            await append_all(store, [created(uuid4())])
            await until(true_of(lambda: len(reader.deliveries) == 1), "it has come")
    assert reader.positions == [4]
    assert reader.deliveries[0].previous_position == 3


async def test_no_batch_is_larger_than_asked_for(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    async with relaying(database_url, bus), reading(bus) as reader:
        await store.append(Append(events=tuple(created(uuid4()) for _ in range(200))))
        await until(true_of(lambda: len(reader.deliveries) == 200), "all have come")
    assert max(reader.batches) == BATCH


async def test_silence_is_told_by_an_empty_batch(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "IDLE_S", 0.05)
    async with reading(bus) as reader:
        await until(true_of(lambda: len(reader.batches) >= 3), "batches come")
    assert set(reader.batches) == {0}


async def test_without_nats_there_is_only_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "IDLE_S", 0.01)
    bus = Bus("nats://127.0.0.1:1")
    bus.start()
    batches = JetStreamFeed(bus, MsgspecTranscoder()).batches(events_max=BATCH)
    assert [await anext(batches) for _ in range(3)] == [[], [], []]
    await batches.aclose()
    await bus.aclose()


async def test_too_much_at_once_is_forgotten_and_leaves_a_visible_hole(
    database_url: str, bus: Bus, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PENDING_EVENTS_MAX", 10)
    batches = JetStreamFeed(bus, MsgspecTranscoder()).batches(events_max=100)
    async with relaying(database_url, bus):
        assert await anext(batches) == []
        await store.append(Append(events=tuple(created(uuid4()) for _ in range(25))))
        await until_published(bus, store)
        await asyncio.sleep(0.1)
        deliveries = await anext(batches)
    await batches.aclose()
    assert [delivery.event.position for delivery in deliveries] == [21, 22, 23, 24, 25]
    assert deliveries[0].previous_position == 20


async def test_a_message_that_is_no_event_is_left_out(bus: Bus) -> None:
    jetstream, event = await bus.jetstream(), MsgspecTranscoder().encode(created(uuid4()))
    async with reading(bus) as reader:
        for data, headers in (
            (event, {Header.MSG_ID: "1", PREVIOUS_POSITION: "0"}),
            (event, {}),
            (event, {Header.MSG_ID: "x", PREVIOUS_POSITION: "1"}),
            (b"\xff", {Header.MSG_ID: "2", PREVIOUS_POSITION: "1"}),
            (event, {Header.MSG_ID: "3", PREVIOUS_POSITION: "2"}),
        ):
            await jetstream.publish("tallystick.events.payment.created", data, headers=dict(headers))
        await until(true_of(lambda: 3 in reader.positions), "the event after them has come")
    assert reader.positions == [1, 3]


async def test_a_feed_made_anew_goes_on_after_nats_was_killed(
    database_url: str, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with relaying(database_url, bus):
        async with reading(bus):
            await append_all(store, [created(uuid4())])
            await until_published(bus, store)
            await asyncio.to_thread(nats.kill)
            nats.start()
            await until(true_of(lambda: bus.is_connected), "the bus is back")
        async with connected(nats.url) as other, reading(other) as reader:
            await append_all(store, [created(uuid4())])
            await until(true_of(lambda: 2 in reader.positions), "the next event has come")


async def test_a_feed_that_began_while_nats_was_away_begins_when_it_is_back(
    database_url: str, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    await asyncio.to_thread(nats.kill)
    reader = Reader()
    task = asyncio.create_task(reader.read(bus))
    nats.start()
    await until(true_of(lambda: bus.is_connected), "the bus is back")
    await until(lambda: _has_consumer(bus), "the feed has its consumer")
    async with relaying(database_url, bus):
        await append_all(store, [created(uuid4())])
        await until(true_of(lambda: reader.positions == [1]), "the event has come")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
