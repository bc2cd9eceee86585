"""The shared feed: what comes reaches every reader; whoever is slow, late or alone harms no other."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

import pytest

from domain.history import Positioned
from projections import shared_feed
from projections.projector import Delivery
from projections.shared_feed import SharedFeed
from tests.support.store import created, until


class Wire:
    """A feed whose batches a test puts in, and that knows how often it was begun and whether it is open."""

    def __init__(self) -> None:
        self.begun = self.open = 0
        self._queue: asyncio.Queue[Sequence[Delivery] | Exception] = asyncio.Queue()

    def put(self, *numbers: int) -> None:
        self._queue.put_nowait([delivery(number) for number in numbers])

    def fail(self) -> None:
        self._queue.put_nowait(ZeroDivisionError("wire"))

    async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        self.begun += 1
        self.open += 1
        try:
            while True:
                batch = await self._queue.get()
                if isinstance(batch, Exception):
                    raise batch
                yield batch
        finally:
            self.open -= 1


def delivery(number: int) -> Delivery:
    return Delivery(number - 1, Positioned(number, created(UUID(int=number))))


class Reading:
    """A reader that goes on by itself, and what it has got: the positions, and how often nothing."""

    def __init__(self, feed: SharedFeed, *, events_max: int = 100) -> None:
        self.positions: list[int] = []
        self.silences = 0
        self.begun = asyncio.Event()
        self.task = asyncio.create_task(self._read(feed, events_max))

    async def _read(self, feed: SharedFeed, events_max: int) -> None:
        async with aclosing(feed.batches(events_max=events_max)) as batches:
            self.begun.set()
            async for deliveries in batches:
                assert len(deliveries) <= events_max
                self.positions += [each.event.position for each in deliveries]
                self.silences += not deliveries

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def until_at(self, positions: Sequence[int]) -> None:
        async def there() -> bool:
            return self.positions == list(positions)

        await until(there, f"{positions} have come")


async def test_every_reader_gets_everything_of_one_wire() -> None:
    wire = Wire()
    feed = SharedFeed(wire)
    readers = [Reading(feed, events_max=2), Reading(feed)]
    await asyncio.gather(*(reader.begun.wait() for reader in readers))
    for numbers in ((1, 2, 3), (4,), (5, 6, 7, 8)):
        wire.put(*numbers)
    for reader in readers:
        await reader.until_at(range(1, 9))
    assert wire.begun == 1
    await readers[0].end()
    assert wire.open == 1
    wire.put(9)
    await readers[1].until_at(range(1, 10))
    await readers[1].end()
    assert wire.open == 0, "nobody reads, so nothing is received"


async def test_a_reader_that_falls_behind_loses_what_it_has_and_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_feed, "PENDING_EVENTS_MAX", 5)
    wire = Wire()
    feed = SharedFeed(wire)
    async with aclosing(feed.batches(events_max=3)) as slow:
        wire.put(1)
        assert [each.event.position for each in await anext(slow)] == [1]
        quick = Reading(feed)
        for number in range(2, 9):
            wire.put(number)
            await quick.until_at(range(2, number + 1))
        left = [each.event.position for each in await anext(slow)]
        assert left == [7, 8]
        await quick.end()


async def test_silence_reaches_every_reader_and_whoever_begins_then_begins_the_wire_anew() -> None:
    wire = Wire()
    feed = SharedFeed(wire)
    one, other = Reading(feed), Reading(feed)
    wire.put()

    async def silent() -> bool:
        return one.silences == other.silences == 1

    await until(silent, "both know of the silence")
    late = Reading(feed)
    wire.put(1)
    for reader in (one, other, late):
        await reader.until_at([1])
    assert (wire.begun, wire.open) == (2, 1)
    for reader in (one, other, late):
        await reader.end()


async def test_what_goes_wrong_is_told_to_every_reader_and_the_next_begins_anew() -> None:
    wire = Wire()
    feed = SharedFeed(wire)
    readers = [Reading(feed), Reading(feed)]
    wire.fail()
    for reader in readers:
        with pytest.raises(ZeroDivisionError):
            await reader.task
    again = Reading(feed)
    wire.put(1)
    await again.until_at([1])
    await again.end()
