"""A projector keeps what stands at one checkpoint current by applying every event of the store once and in order."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec

from domain.errors import described
from domain.history import Positioned
from projections.engine.checkpoint import Place, Standing, note_failure, standing_of
from projections.engine.code import code_of
from projections.engine.group import Group, NotApplied, after
from projections.engine.leader_lock import Leases, turn_of
from projections.engine.rows import Connection
from projections.engine.view import View

BATCH_EVENTS_MAX: Final = 500
LOOK_AGAIN_S: Final = 1.0
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError)
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

    async def after(self, position: int, *, events_max: int, within_s: float | None = None) -> Sequence[Positioned]:
        """The next events after `position`, in order, once there are some; none where no news come `within_s`. Raises
        UNREADABLE where one of them cannot be decoded."""
        ...


class PoisonEvent(Exception):
    """An event cannot be applied to the view: the view stops before the event and never skips one."""


class NotOurs(Exception):
    """The view's rows were made by another version's code, or the view stands at the shared checkpoint: not for its own
    projector to write."""


class Projector(ABC):
    """Applies every event once and in order, while this projector holds the checkpoint's lease."""

    def __init__(self, checkpoint: str, *, connection: Connection, feed: Feed, turns: Leases) -> None:
        self._checkpoint = checkpoint
        self._connection = connection
        self._feed = feed
        self._turns = turns
        self._group = Group(connection, ())
        self._place = Place(0, 0)

    @abstractmethod
    async def _stand_at(self, standing: Standing) -> None:
        """Take up what stands at the checkpoint, with nothing in memory; `standing` is the checkpoint as it was read
        just now."""

    @abstractmethod
    async def _refused(self, refusal: NotApplied, events: Sequence[Positioned]) -> None:
        """Go on without the views that cannot apply `events`, or raise PoisonEvent."""

    async def _turn(self) -> None:
        """Wait for the lease, keep the views current until a failure, and wait until the failure is overcome."""
        async with self._turns.held(turn_of(self._checkpoint)):
            log.info("projector_active", extra={"view": self._checkpoint})
            failure = await self._until_stopped()
            await note_failure(self._connection, self._checkpoint, self._place, failure)
        log.error("projector_stands_still", extra={"view": self._checkpoint, "failure": failure})
        await self._stand_still()

    async def _until_stopped(self) -> str:
        """Keep the views current until an event cannot be applied; the description of the failure."""
        await self._stand_at(await self._standing())
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

    async def _standing(self) -> Standing:
        return await standing_of(self._connection, self._checkpoint)

    async def _stand_still(self) -> None:
        """Wait until the checkpoint is past the failure: after a rebuild, or by a worker that can apply the event."""
        standing = await self._standing()
        while standing.failure is not None and standing.place == self._place:
            await asyncio.sleep(LOOK_AGAIN_S)
            standing = await self._standing()

    @property
    def _patience_s(self) -> float | None:
        """How long to wait for events before the projector looks around."""
        return None

    async def _next(self) -> Sequence[Positioned]:
        events_max, within_s = BATCH_EVENTS_MAX, self._patience_s
        try:
            return await self._feed.after(self._place.position, events_max=events_max, within_s=within_s)
        except UNREADABLE:
            # One event cannot be decoded; those before it are read one at a time.
            return await self._feed.after(self._place.position, events_max=1)

    async def _advance(self, events: Sequence[Positioned]) -> None:
        fresh = after(self._place.position, events)
        if not fresh:
            return
        try:
            moved = await self._group.advance(self._checkpoint, self._place, fresh)
        except NotApplied as refusal:
            # Rows of a view that was moved or replaced meanwhile may be ahead of these events: no event is at fault.
            if not await self._was_moved():
                await self._refused(refusal, fresh)
            return
        if moved:
            self._place = Place(fresh[-1].position, self._place.version)
        else:
            await self._was_moved()

    async def _was_moved(self) -> bool:
        """Whether another process has changed the checkpoint; if so, go on from there, with nothing in memory."""
        standing = await self._standing()
        if standing.place == self._place and not standing.is_shared:
            return False
        log.info("view_replaced", extra={"view": self._checkpoint})
        await self._stand_at(standing)
        return True


class OwnProjector(Projector):
    """Keeps one view current that stands at a checkpoint of its own, and whose rows were made by the same code."""

    def __init__(self, view: View[Any], *, connection: Connection, feed: Feed, turns: Leases) -> None:
        super().__init__(view.name, connection=connection, feed=feed, turns=turns)
        self._view = view

    async def run(self) -> None:
        """Follow the feed, while this projector holds the lease, until the view is at the shared checkpoint or made by
        other code. Raises psycopg.Error when the connection fails."""
        with suppress(NotOurs):
            while True:
                await self._turn()

    async def _stand_at(self, standing: Standing) -> None:
        """Raises NotOurs."""
        if standing.is_shared or standing.code != code_of(self._view):
            raise NotOurs
        self._group = Group(self._connection, [self._view])
        self._place = standing.place

    async def _refused(self, refusal: NotApplied, events: Sequence[Positioned]) -> None:
        """Apply the events before the poison event, then raise PoisonEvent with its position."""
        if len(events) == 1:
            [error] = refusal.errors.values()
            where = f"the event at position {events[0].position}"
            raise PoisonEvent(f"{where} cannot be applied: {described(error)}") from error
        for event in events:
            await self._advance([event])
