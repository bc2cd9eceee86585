"""One feed for all the views of a worker: each event is received and decoded once, and taken in by many at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from projections.projector import Delivery, Feed

COLLECT_S = 0.03
"""How long a reader waits for more when something has come: a batch costs much the same however large it is."""
PENDING_EVENTS_MAX = 5_000
"""Past this a reader loses what it has not taken yet: it finds the hole, and fills it from the store."""
RECEIVE_EVENTS_MAX = 500
CANCEL_AGAIN_AFTER_S = 0.5


class SharedFeed:
    """Implements projections.projector.Feed for any number of readers. Nothing is received while there is none."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._readers: set[_Reader] = set()
        self._receiving: asyncio.Task[None] | None = None
        self._is_silent = False

    async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        """Whoever begins while the feed is silent has missed something, and has it begun anew for all."""
        reader = _Reader()
        self._readers.add(reader)
        try:
            if self._receiving is None or self._is_silent:
                self._begin()
            while True:
                yield await reader.next(events_max)
        finally:
            self._readers.discard(reader)
            if not self._readers:
                receiving, self._receiving = self._receiving, None
                await _end(receiving)

    def _begin(self) -> None:
        self._is_silent = False
        self._receiving = asyncio.create_task(self._receive(instead_of=self._receiving))

    async def _receive(self, *, instead_of: asyncio.Task[None] | None) -> None:
        await _end(instead_of)
        try:
            async with aclosing(self._feed.batches(events_max=RECEIVE_EVENTS_MAX)) as batches:
                async for deliveries in batches:
                    self._is_silent = not deliveries
                    for reader in self._readers:
                        reader.put(deliveries)
        except Exception as error:
            self._is_silent = True
            for reader in self._readers:
                reader.fail(error)


async def _end(receiving: asyncio.Task[None] | None) -> None:
    """Cancel until it has ended: nats-py takes some cancellations for a time-out of its own, and loses them."""
    while receiving is not None and not receiving.done():
        receiving.cancel()
        await asyncio.wait([receiving], timeout=CANCEL_AGAIN_AFTER_S)


class _Reader:
    def __init__(self) -> None:
        self._pending: deque[Delivery] = deque()
        self._came = asyncio.Event()
        self._error: Exception | None = None

    def put(self, deliveries: Sequence[Delivery]) -> None:
        if len(self._pending) + len(deliveries) > PENDING_EVENTS_MAX:
            self._pending.clear()
        self._pending.extend(deliveries)
        self._came.set()

    def fail(self, error: Exception) -> None:
        self._error = error
        self._came.set()

    async def next(self, events_max: int) -> Sequence[Delivery]:
        """Empty when the feed has said that nothing comes. Raises what the feed raised."""
        if not self._pending:
            await self._came.wait()
        if self._error is not None:
            raise self._error
        if 0 < len(self._pending) < events_max:
            await asyncio.sleep(COLLECT_S)
        self._came.clear()
        return [self._pending.popleft() for _ in range(min(events_max, len(self._pending)))]
