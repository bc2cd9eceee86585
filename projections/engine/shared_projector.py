"""The one pass over the store's events for all views at the shared checkpoint, which views leave and join."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import described
from domain.history import Positioned
from projections.engine.checkpoint import SHARED, Standing, join, leave
from projections.engine.group import Group, NotApplied
from projections.engine.leader_lock import Leases
from projections.engine.projector import BATCH_EVENTS_MAX, LOOK_AGAIN_S, Feed, Projector
from projections.engine.rows import Connection
from projections.engine.standings import Look, Standings
from projections.engine.tables import create
from projections.engine.view import View

log = logging.getLogger(__name__)


class SharedProjector(Projector):
    """Keeps all views at the shared checkpoint current. A view that cannot apply an event leaves, and the others go on;
    a view at its own checkpoint joins where both are at the same position."""

    def __init__(
        self,
        views: Mapping[str, View[Any]],
        standings: Standings,
        *,
        connection: Connection,
        feed: Feed,
        turns: Leases,
    ) -> None:
        super().__init__(SHARED, connection=connection, feed=feed, turns=turns)
        self._views = views
        self._standings = standings
        self._looked_at = 0.0

    async def run(self) -> None:
        """Follow the feed while this projector holds the lease, until cancelled. Raises psycopg.Error when the
        connection fails."""
        for view in self._views.values():
            await create(self._connection, view)
        while True:
            await self._turn()

    async def _stand_at(self, standing: Standing) -> None:
        """Take up the views that stand here, after others have left and joined."""
        look = await self._standings.look(self._connection)
        while await self._left_or_joined(standing, look):
            standing = await self._standing()
            look = await self._standings.look(self._connection)
        # A change between the two looks counts the version up: then the first batch is not applied, and read again.
        self._place = standing.place
        self._group = Group(self._connection, [self._views[each.projection] for each in look.shared])
        self._looked_at = asyncio.get_running_loop().time()

    async def _left_or_joined(self, standing: Standing, look: Look) -> bool:
        """Have foreign views leave, or views that are at the same position join; whether there were any."""
        here = standing.place
        if look.foreign:
            await leave(self._connection, here, {each.projection: None for each in look.foreign})
            return True
        position = here.position if look.shared else await self._new_position(here.position, look)
        joining = [each for each in look.joinable if each.position == position]
        if not joining and position == here.position:
            return False
        await join(self._connection, here, position, {each.projection: each.version for each in joining})
        return True

    async def _new_position(self, position: int, look: Look) -> int:
        """The position for a checkpoint at which no view stands: where most views can join, or near the head."""
        head = await self._feed.head()
        joinable = Counter(each.position for each in look.joinable if each.position <= head)
        if joinable:
            return max(joinable, key=lambda each: (joinable[each], each))
        return position if head - BATCH_EVENTS_MAX <= position <= head else head

    @property
    def _patience_s(self) -> float | None:
        return None if self._standings.last.all_shared else LOOK_AGAIN_S

    async def _next(self) -> Sequence[Positioned]:
        """No further than to the next view that waits to join."""
        events = await super()._next()
        ahead = min(self._ahead(), default=None)
        return [each for each in events if ahead is None or each.position <= ahead] or events

    def _ahead(self) -> Sequence[int]:
        return [each.position for each in self._standings.last.joinable if each.position > self._place.position]

    async def _advance(self, events: Sequence[Positioned]) -> None:
        await super()._advance(events)
        joinable = self._standings.last.joinable
        is_time = asyncio.get_running_loop().time() >= self._looked_at + LOOK_AGAIN_S
        if any(each.position == self._place.position for each in joinable) or (joinable and is_time):
            await self._stand_at(await self._standing())

    async def _refused(self, refusal: NotApplied, events: Sequence[Positioned]) -> None:
        """The views leave, each to its own projector, which finds the event."""
        where = f"an event from position {events[0].position} to {events[-1].position}"
        failures: dict[str, str | None] = {
            name: f"{where} cannot be applied: {described(error)}" for name, error in refusal.errors.items()
        }
        log.error("views_leave", extra={"failures": failures})
        await leave(self._connection, self._place, failures)
        await self._stand_at(await self._standing())
