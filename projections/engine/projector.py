"""A projector keeps one view current by applying every event of the store once and in order."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
import psycopg

from domain.errors import described
from domain.history import Positioned
from projections.engine.code import code_of
from projections.engine.leader_lock import Leases, turn_of
from projections.engine.rows import Connection, Rows
from projections.engine.tables import Place, advance, after, checkpoint_of, create, note_failure
from projections.engine.view import View

BATCH_EVENTS_MAX = 500
LOOK_AGAIN_S = 1.0
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)
"""The errors of a source for a stored event that cannot be decoded."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """The store, read by position."""

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]: ...


class Feed(Protocol):
    """The store, read by position as it grows."""

    async def head(self) -> int:
        """The position of the last event now."""
        ...

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
        """The next events after `position`, in order, once there are some. Raises UNREADABLE where one of them cannot
        be decoded."""
        ...


class PoisonEvent(Exception):
    """An event cannot be applied to the view: the view stops before the event and never skips one."""


class OtherCode(Exception):
    """The rows in service were made by another version's code: this version must not write them."""


class Projector:
    """Applies every event once and in order, while this projector holds the view's lease and the rows were made by the
    same code. Rows of other code are left to a rebuild, or to the version that made them."""

    def __init__(
        self,
        view: View[Any],
        *,
        connection: Connection,
        feed: Feed,
        turns: Leases,
    ) -> None:
        self._view = view
        self._code = code_of(view)
        self._turns = turns
        self._connection = connection
        self._feed = feed
        self._rows = Rows(connection, view)
        self._place = Place(0, 0)

    async def run(self) -> None:
        """Follow the feed while this projector holds the lease, until cancelled. Raises psycopg.Error when the
        connection fails."""
        while True:
            await self._until_made_by_this_code()
            with suppress(OtherCode):
                await self._turn()

    async def _turn(self) -> None:
        """Wait for the lease, keep the view current until a failure, and wait until the failure is overcome. Raises
        OtherCode where another version's rows are in service."""
        async with self._turns.held(turn_of(self._view.name)):
            log.info("projector_active", extra={"view": self._view.name})
            failure = await self._until_poisoned()
            await note_failure(self._connection, self._view, self._place, failure)
        log.error("projector_stands_still", extra={"view": self._view.name, "failure": failure})
        await self._stand_still()

    async def _until_made_by_this_code(self) -> None:
        checkpoint = await create(self._connection, self._view)
        if checkpoint.code != self._code:
            log.warning("view_of_other_code", extra={"view": self._view.name, "code": checkpoint.code})
        while checkpoint.code != self._code:
            await asyncio.sleep(LOOK_AGAIN_S)
            checkpoint = await checkpoint_of(self._connection, self._view)

    async def _look_where_it_stands(self) -> Place:
        """The view's present place. Raises OtherCode."""
        checkpoint = await checkpoint_of(self._connection, self._view)
        if checkpoint.code != self._code:
            raise OtherCode
        return checkpoint.place

    async def _until_poisoned(self) -> str:
        """Keep the view current until an event cannot be applied; the description of the failure."""
        self._rows.forget()
        self._place = await self._look_where_it_stands()
        if self._place.position > (head := await self._feed.head()):
            # The rows are not to be trusted: a former version accepted a forged message, or the store was set back.
            return f"it stands at {self._place.position}, after the store's last event, {head}: rebuild it"
        try:
            while True:
                await self._advance(await self._next())
        except PoisonEvent as error:
            return str(error)
        except UNREADABLE as error:
            return f"an event after position {self._place.position} cannot be read: {described(error)}"

    async def _stand_still(self) -> None:
        """Wait until the view is past the failure: after a rebuild, or by a worker that can apply the event."""
        checkpoint = await checkpoint_of(self._connection, self._view)
        while checkpoint.failure is not None and checkpoint.place == self._place:
            await asyncio.sleep(LOOK_AGAIN_S)
            checkpoint = await checkpoint_of(self._connection, self._view)

    async def _next(self) -> Sequence[Positioned]:
        try:
            return await self._feed.after(self._place.position, events_max=BATCH_EVENTS_MAX)
        except UNREADABLE:
            # One event cannot be decoded; those before it are read one at a time.
            return await self._feed.after(self._place.position, events_max=1)

    async def _advance(self, events: Sequence[Positioned]) -> None:
        fresh = after(self._place.position, events)
        if not fresh:
            return
        try:
            moved = await advance(self._connection, self._view, self._rows, self._place, fresh)
        except psycopg.OperationalError:
            raise
        except Exception as error:
            # Rows of a view that was moved or replaced meanwhile may be ahead of these events: no event is at fault.
            if not await self._was_replaced():
                await self._one_by_one(error, fresh)
            return
        if moved:
            self._place = Place(fresh[-1].position, self._place.version)
        else:
            await self._was_replaced()

    async def _was_replaced(self) -> bool:
        """Whether the view's place has changed; if so, take the new place and forget the rows in memory."""
        place = await self._look_where_it_stands()
        if place == self._place:
            return False
        log.info("view_replaced", extra={"view": self._view.name})
        self._rows.forget()
        self._place = place
        return True

    async def _one_by_one(self, error: Exception, events: Sequence[Positioned]) -> None:
        """Apply the events before the poison event, then raise PoisonEvent with its position."""
        if len(events) == 1:
            where = f"the event at position {events[0].position}"
            raise PoisonEvent(f"{where} cannot be applied: {described(error)}") from error
        for event in events:
            await self._advance([event])
