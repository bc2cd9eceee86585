"""The newest events for all views of a process: read from the store once, as soon as a message says that it has grown.

A message on the bus, true or forged, late or lost, changes only the time of a read, never the events taken in.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from application.write.store import StoreUnavailable
from domain.errors import described
from domain.history import Positioned
from infrastructure.nats.listener import Listener
from projections.engine.projector import UNREADABLE

POLL_S = 0.5
"""The time between two reads of the store while the relay is not heard: the greatest lag of the views then."""
FALLBACK_S = 5.0
"""The longest time between two reads, whatever messages say: forged ones can claim that the store has not grown."""
PACE_S = 0.05
"""The shortest time between two reads: under load each brings more events, which makes them cheap to apply."""
READ_EVENTS_MAX = 1_000
KEPT_EVENTS_MAX = 3_000
"""Events kept in memory; a view that is farther behind reads the store by itself."""

log = logging.getLogger(__name__)


class Store(Protocol):
    async def head(self) -> int: ...

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]: ...


class StoreFeed:
    """Implements projections.engine.projector.Feed."""

    def __init__(self, store: Store, listener: Listener) -> None:
        self._store = store
        self._listener = listener
        self._kept: list[Positioned] = []
        """Every event of the store after `_start`, up to `_end`."""
        self._start: int | None = None
        """None while the feed has no position to read on from: then every view reads the store itself."""
        self._end = 0
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Read the store's new events for ever."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            is_at_end = True
            try:
                is_at_end = await self._read()
            except (StoreUnavailable, *UNREADABLE) as error:
                if self._start is not None:
                    log.warning("feed_interrupted", extra={"error": described(error)})
                self._forget()
            if is_at_end:
                await self._listener.woken(beyond=self._end, poll_s=POLL_S, within_s=FALLBACK_S)
            await asyncio.sleep(max(0.0, begun + PACE_S - loop.time()))

    async def head(self) -> int:
        return await self._store.head()

    async def after(self, position: int, *, events_max: int, within_s: float | None = None) -> Sequence[Positioned]:
        while True:
            news = self._news
            if self._start is None or position < self._start:
                events = await self._store.after(position, events_max=events_max)
            else:
                first = bisect_right(self._kept, position, key=_position)
                events = self._kept[first : first + events_max]
            if events:
                return events
            try:
                async with asyncio.timeout(within_s):
                    await news.wait()
            except TimeoutError:
                return ()

    async def _read(self) -> bool:
        """Keep the store's events after `_end`. Returns whether the end of the store was reached."""
        if self._start is None:
            self._start = self._end = await self._store.head()
            self._tell()
        claimed = self._listener.claimed
        events = await self._store.after(self._end, events_max=READ_EVENTS_MAX)
        if events:
            self._kept += events
            self._end = events[-1].position
            self._drop_oldest()
            self._tell()
        if len(events) == READ_EVENTS_MAX:
            return False
        if claimed > self._end:
            self._listener.refuse_claim(claimed, self._end)
        return True

    def _drop_oldest(self) -> None:
        surplus = len(self._kept) - KEPT_EVENTS_MAX
        if surplus > 0:
            self._start = self._kept[surplus - 1].position
            del self._kept[:surplus]

    def _forget(self) -> None:
        self._kept, self._start, self._end = [], None, 0
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _position(event: Positioned) -> int:
    return event.position
