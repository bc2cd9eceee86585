"""The feed: the store's events in order, quick while the bus wakes it, and never anything else."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from application.write.store import Append, StoreUnavailable
from domain.history import Positioned
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats import feed as feed_module
from infrastructure.nats.bus import Bus
from infrastructure.nats.feed import StoreFeed
from infrastructure.nats.listener import Refusal
from infrastructure.nats.wakeup import WAKEUP_BYTES_MAX
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from infrastructure.postgres.event_store.store import PostgresEventStore
from projections.engine.projector import UNREADABLE
from tests.infrastructure.nats.wiring import feeding, publish, relaying, running, store_id_of, tell, true_of
from tests.support.store import append_all, created, everything, execute, until

BATCH = 7
BEHIND_S_MAX = 5.0
"""Ten times what it takes on a quiet machine."""


class Reader:
    """Takes in everything that the feed has, from a position on."""

    def __init__(self, feed: StoreFeed, position: int = 0) -> None:
        self._feed = feed
        self.position = position
        self.taken_in: list[Positioned] = []

    async def read(self) -> None:
        while True:
            events = await self._feed.after(self.position, events_max=BATCH)
            assert 0 < len(events) <= BATCH
            self.taken_in += events
            self.position = events[-1].position


@asynccontextmanager
async def reading(feed: StoreFeed, position: int = 0) -> AsyncIterator[Reader]:
    reader = Reader(feed, position)
    async with running(reader.read()):
        yield reader


async def until_at(reader: Reader, position: int) -> None:
    await until(true_of(lambda: reader.position == position), f"position {position} is taken in")


async def append(store: PostgresEventStore, count: int) -> int:
    await store.append(Append(events=tuple(created(uuid4()) for _ in range(count))))
    return await store.head()


async def test_every_reader_gets_every_event_once_and_in_order_wherever_it_begins(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    head = await append(store, 30)
    async with (
        relaying(database_url, relays_bus),
        feeding(database_url, bus, store) as (feed, _),
        reading(feed) as first,
        reading(feed, 11) as second,
        reading(feed, head) as last,
    ):
        for _ in range(5):
            head = await append(store, 20)
            await asyncio.gather(*(until_at(reader, head) for reader in (first, second, last)))
    events = await everything(store)
    assert first.taken_in == events
    assert second.taken_in == events[11:]
    assert last.taken_in == events[30:]


async def test_an_event_is_taken_in_as_soon_as_the_relay_tells_of_it(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "POLL_S", 600.0)
    async with (
        relaying(database_url, relays_bus),
        feeding(database_url, bus, store) as (feed, _),
        reading(feed) as reader,
    ):
        for _ in range(5):
            await until_at(reader, await append(store, 3))


async def test_without_nats_the_store_is_read_all_the_same(database_url: str, store: PostgresEventStore) -> None:
    bus = Bus("nats://127.0.0.1:1")
    bus.start()
    async with feeding(database_url, bus, store) as (feed, _), reading(feed) as reader:
        for _ in range(3):
            await until_at(reader, await append(store, 3))
    await bus.aclose()


async def test_nats_that_hangs_keeps_no_view_waiting(
    database_url: str, relays_bus: Bus, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with (
        relaying(database_url, relays_bus),
        feeding(database_url, bus, store) as (feed, _),
        reading(feed) as reader,
    ):
        await until_at(reader, await append(store, 3))
        os.kill(nats.pid, signal.SIGSTOP)
        try:
            for _ in range(4):
                begun = asyncio.get_running_loop().time()
                await until_at(reader, await append(store, 3))
                assert asyncio.get_running_loop().time() - begun < BEHIND_S_MAX
                await asyncio.sleep(1.0)
        finally:
            os.kill(nats.pid, signal.SIGCONT)


async def test_a_reader_far_behind_asks_the_store(
    database_url: str, bus: Bus, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "KEPT_EVENTS_MAX", 10)
    monkeypatch.setattr(feed_module, "READ_EVENTS_MAX", 4)
    async with feeding(database_url, bus, store) as (feed, _), reading(feed) as quick:
        for _ in range(4):
            await until_at(quick, await append(store, 9))
        async with reading(feed) as late:
            await until_at(late, 36)
    assert late.taken_in == quick.taken_in == await everything(store)


async def test_a_reader_that_waits_no_longer_than_it_says_is_given_nothing(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    async with feeding(database_url, bus, store) as (feed, _):
        head = await append(store, 3)
        assert len(await feed.after(0, events_max=BATCH, within_s=60.0)) == 3
        assert not await feed.after(head, events_max=BATCH, within_s=0.01)


async def test_a_store_that_was_away_is_read_from_the_beginning_of_what_it_has(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    class Faltering:
        is_away = False

        async def head(self) -> int:
            return await self._asked(store).head()

        async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
            return await self._asked(store).after(position, events_max=events_max)

        def _asked(self, store: PostgresEventStore) -> PostgresEventStore:
            if self.is_away:
                raise StoreUnavailable("away")
            return store

    faltering = Faltering()
    async with feeding(database_url, bus, store) as (_, listener):
        feed = StoreFeed(faltering, listener)
        async with running(feed.run()):
            head = await append(store, 3)
            await until(true_of(lambda: feed._end == head), "the feed is at the head")
            faltering.is_away = True
            await until(true_of(lambda: feed._start is None), "the feed notices")
            with pytest.raises(StoreUnavailable):
                await feed.after(0, events_max=BATCH)
            faltering.is_away = False
            async with reading(feed) as reader:
                await until_at(reader, await append(store, 3))
    assert reader.taken_in == await everything(store)


async def test_an_event_that_cannot_be_read_is_met_by_those_who_come_to_it(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    async with feeding(database_url, bus, store) as (feed, _), reading(feed) as reader:
        head = await append(store, 3)
        await until_at(reader, head)
        execute(database_url, "INSERT INTO stored_events VALUES (%s, 1, 'payment.teleported.v1', '{')", uuid4())
        await append_all(store, [created(uuid4())])
        with pytest.raises(UNREADABLE):
            await feed.after(head, events_max=1)
        [event] = await feed.after(head + 1, events_max=1)
        assert event.position == head + 2


# messages that are not the relay's


async def forged(bus: Bus, store_id: UUID) -> dict[str, int]:
    """Publish one of each; by the reason for which it has to be refused, how many."""
    await tell(bus, store_id, 10**12)
    await tell(bus, store_id, 2**63 - 1)
    await tell(bus, store_id, 10**12, as_of=uuid4())
    event = MsgspecTranscoder().encode(created(uuid4()))
    unreadable = (b"", b"\xff", b"{}", b"[" * 400, event, b" " * (WAKEUP_BYTES_MAX + 1), b'{"position":1}')
    for message in unreadable:
        await publish(bus, store_id, message)
    for number in ("-1", "1.5", str(2**64), '"1"', "null"):
        await publish(bus, store_id, f'{{"store":"{store_id}","position":{number}}}'.encode())
    return {Refusal.FOREIGN_STORE: 1, Refusal.UNREADABLE: len(unreadable) + 5}


async def test_forged_messages_change_nothing_and_are_counted(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    counted: dict[str, int] = {}
    async with feeding(database_url, bus, store) as (feed, listener), reading(feed) as reader:
        head = await append(store, 3)
        await until_at(reader, head)
        expected = await forged(relays_bus, await store_id_of(database_url))

        async def all_refused() -> bool:
            for reason, messages in listener.take_refused().items():
                counted[reason] = counted.get(reason, 0) + messages
            return expected.items() <= counted.items() and Refusal.BEYOND_HEAD in counted

        await until(all_refused, "every message is refused")
        assert listener.claimed == head
        await until_at(reader, await append(store, 3))
        # An old position, told again, is no news; one ahead of its time is refused, and true a moment later.
        await tell(relays_bus, await store_id_of(database_url), 1)
        await until_at(reader, await append(store, 3))
    assert counted.keys() == set(Refusal)
    assert reader.taken_in == await everything(store)


async def test_a_flood_of_forged_messages_does_not_keep_events_away(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    store_id = await store_id_of(database_url)

    async def flood() -> None:
        while True:
            for position in range(10**12, 10**12 + 100):
                await tell(relays_bus, store_id, position)
            await asyncio.sleep(0.001)

    async with feeding(database_url, bus, store) as (feed, _), reading(feed) as reader, running(flood()):
        for _ in range(5):
            await until_at(reader, await append(store, 3))
    assert reader.taken_in == await everything(store)
