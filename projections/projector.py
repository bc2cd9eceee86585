"""A projector keeps one view current: from the feed while it is whole, from the store wherever it is not."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, Protocol

import msgspec
import psycopg

from domain.history import Positioned
from projections.tables import Connection, advance, create, note_failure
from projections.view import View

BATCH_EVENTS_MAX = 500
LIVE_SCHEMA = "views"
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)
"""What a source raises for an event that it has and cannot read."""

log = logging.getLogger(__name__)


class Delivery(NamedTuple):
    """An event from the feed, and the position of the one published before it."""

    previous_position: int
    event: Positioned


class Source(Protocol):
    """The store, read by position."""

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]: ...


class Feed(Protocol):
    """Events as they are published: quick, in order, and allowed to lose some."""

    def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        """Never ends; an empty batch says that nothing has come for a while."""
        ...


class PoisonEvent(Exception):
    """The view cannot take an event in; it stands still before it, and never skips it."""


class Projector:
    """Applies every event once, in order."""

    def __init__(
        self,
        view: View[Any],
        *,
        connection: Connection,
        source: Source,
        feed: Feed,
    ) -> None:
        self._view = view
        self._connection = connection
        self._source = source
        self._feed = feed
        self._position = 0

    async def run(self) -> None:
        """Follow the feed for ever. Raises PoisonEvent after noting it in the checkpoint, psycopg.Error when the
        database goes away."""
        self._position = await create(self._connection, self._view, self._view.name)
        try:
            while True:
                await self._follow()
        except UNREADABLE as error:
            failure = f"an event after position {self._position} cannot be read: {error}"
            raise await self._poisoned(failure) from error

    async def _follow(self) -> None:
        """Until the feed turns out to be silent although there were events: then a new one is due."""
        async with aclosing(self._feed.batches(events_max=BATCH_EVENTS_MAX)) as batches:
            async for deliveries in batches:
                if deliveries and is_whole(self._position, deliveries):
                    await self._advance([delivery.event for delivery in deliveries])
                elif await self._catch_up() and not deliveries:
                    return

    async def _catch_up(self) -> int:
        """Take in from the store whatever it has; the number of events."""
        caught_up = 0
        while events := await self._next():
            await self._advance(events)
            caught_up += len(events)
        return caught_up

    async def _next(self) -> Sequence[Positioned]:
        try:
            return await self._source.after(self._position, events_max=BATCH_EVENTS_MAX)
        except UNREADABLE:
            # One of them cannot be read. Those before it can, one at a time.
            return await self._source.after(self._position, events_max=1)

    async def _advance(self, events: Sequence[Positioned]) -> None:
        try:
            self._position = await advance(self._connection, self._view, self._view.name, events)
        except psycopg.OperationalError:
            raise
        except Exception as error:
            await self._stand_still(error, events)

    async def _stand_still(self, error: Exception, events: Sequence[Positioned]) -> None:
        """Take in what comes before the poison event, if any, then say which one it is."""
        if len(events) > 1:
            for event in events:
                await self._advance([event])
            return
        failure = f"the event at position {events[0].position} cannot be applied: {error!r}"
        raise await self._poisoned(failure) from error

    async def _poisoned(self, failure: str) -> PoisonEvent:
        await note_failure(self._connection, self._view.name, failure)
        log.error("poison_event", extra={"view": self._view.name, "failure": failure})
        return PoisonEvent(f"{self._view.name} stands still: {failure}")


def is_whole(position: int, deliveries: Sequence[Delivery]) -> bool:
    """Whether `deliveries` follow on from `position` and from one another, with nothing lost between."""
    for delivery in deliveries:
        if delivery.previous_position > position:
            return False
        position = max(position, delivery.event.position)
    return True
