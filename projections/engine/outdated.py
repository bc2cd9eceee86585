"""Views whose rows another version's code has made, and their rebuild by one process at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from domain.errors import described
from projections.engine.code import code_of
from projections.engine.projector import UNREADABLE, PoisonEvent, Source
from projections.engine.rebuild import replace
from projections.engine.rows import Connection
from projections.engine.tables import Checkpoint, checkpoint_of, checkpoints, note_failure
from projections.engine.view import View

LOOK_EVERY_S = 2.0
REPORT_EVERY_S = 1.0
BATCH_EVENTS_MAX = 500
"""Beside payments: what is folded in one go holds up whatever else the process does."""

_TRY = "SELECT pg_try_advisory_lock(hashtextextended('rebuild what is outdated', 0))"
_LET_OTHERS = "SELECT pg_advisory_unlock(hashtextextended('rebuild what is outdated', 0))"
_REPORT_POSITION = """
UPDATE views.projection_checkpoint SET rebuilt_to = %s, rebuilt_at = clock_timestamp() WHERE projection = ANY (%s)
"""
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"

Outdated = Mapping[str, str]
"""Why each view that has to be rebuilt is outdated."""

log = logging.getLogger(__name__)


def why_outdated(view: View[Any], checkpoint: Checkpoint | None, head: int) -> str | None:
    """Why the view's rows in service have to be made anew; None where they need not be, or where that is not for this
    code to say: those of a later version are none of its business."""
    if checkpoint is None or checkpoint.code is None:
        return "nobody has said which code made it"
    if checkpoint.code != code_of(view) and not is_of_a_later_version(view, checkpoint):
        return "another version's code made it"
    if checkpoint.position > head:
        return f"it stands at {checkpoint.position}, after the store's last event, {head}"
    return None


def is_of_a_later_version(view: View[Any], checkpoint: Checkpoint) -> bool:
    """Whether this code's rows were in service before, and another version's took their place."""
    return code_of(view) in checkpoint.former_codes


async def outdated(connection: Connection, views: Mapping[str, View[Any]]) -> Outdated:
    """Those of `views` that have to be rebuilt, and why."""
    known = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
    # After the positions: events that come meanwhile put no view ahead of the store.
    [(head,)] = await (await connection.execute(_HEAD)).fetchall()
    reasons = {name: why_outdated(view, known.get(name), head) for name, view in views.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


class OutdatedViews:
    """Rebuilds what is outdated of `views`, all in one pass over the store.

    `connect` gives connections with REBUILD_SCHEMA first in their search path. The old rows stay in service until the
    new ones take their place. `on_advance` is told the positions that the new ones come to.
    """

    def __init__(
        self,
        views: Mapping[str, View[Any]],
        source: Source,
        connect: Callable[[], Awaitable[Connection]],
        *,
        batch_events_max: int = BATCH_EVENTS_MAX,
        on_advance: Callable[[int], None] = lambda _position: None,
    ) -> None:
        self._views = views
        self._source = source
        self._connect = connect
        self._batch_events_max = batch_events_max
        self._on_advance = on_advance
        self._position = 0
        self.failures: dict[str, str] = {}
        """Of views that this process could not rebuild, and why: it would only fail again."""

    async def run(self) -> None:
        """Look for ever. Raises psycopg.Error when the database goes away."""
        async with await self._connect() as connection:
            while True:
                if await self._due(connection):
                    async with _alone(connection) as is_alone:
                        if is_alone:
                            await self._rebuild(connection, await self._due(connection))
                await asyncio.sleep(LOOK_EVERY_S)

    async def rebuild(self) -> Outdated:
        """Rebuild all that is outdated, after any other process that is at it; what was rebuilt, and why."""
        async with await self._connect() as connection:
            while True:
                async with _alone(connection) as is_alone:
                    if is_alone:
                        due = await self._due(connection)
                        await self._rebuild(connection, due)
                        return {name: reason for name, reason in due.items() if name not in self.failures}
                await asyncio.sleep(LOOK_EVERY_S)

    async def _due(self, connection: Connection) -> Outdated:
        found = await outdated(connection, self._views)
        return {name: reason for name, reason in found.items() if name not in self.failures}

    async def _rebuild(self, connection: Connection, due: Outdated) -> None:
        """In one pass; one by one where an event cannot be taken in by one of them."""
        if not due:
            return
        log.info("rebuilding_views", extra={"views": due})
        try:
            await self._replace(connection, list(due))
        except (PoisonEvent, *UNREADABLE):
            for name in due:
                await self._replace_or_note(connection, name)
        log.info("views_rebuilt", extra={"views": [name for name in due if name not in self.failures]})

    async def _replace_or_note(self, connection: Connection, name: str) -> None:
        try:
            await self._replace(connection, [name])
        except (PoisonEvent, *UNREADABLE) as error:
            self.failures[name] = str(error) if isinstance(error, PoisonEvent) else described(error)
            log.error("view_not_rebuilt", extra={"view": name, "failure": self.failures[name]})
            stands = await checkpoint_of(connection, self._views[name])
            await note_failure(connection, self._views[name], stands.place, self.failures[name])

    async def _replace(self, connection: Connection, names: Sequence[str]) -> None:
        done = asyncio.Event()
        reporting = asyncio.create_task(self._report_position(connection, names, done))
        try:
            await replace(
                [self._views[name] for name in names],
                self._source,
                self._connect,
                batch_events_max=self._batch_events_max,
                on_advance=self._advanced,
            )
        finally:
            done.set()
            await asyncio.gather(reporting, return_exceptions=True)

    def _advanced(self, position: int) -> None:
        self._position = position
        self._on_advance(position)

    async def _report_position(self, connection: Connection, names: Sequence[str], done: asyncio.Event) -> None:
        """Publish the position of the new rows in the checkpoint until `done`."""
        self._position = 0
        while not done.is_set():
            await connection.execute(_REPORT_POSITION, (self._position, list(names)))
            log.info("rebuilding_views_at", extra={"position": self._position})
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), REPORT_EVERY_S)


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[bool]:
    """Whether no other process rebuilds what is outdated, nor will as long as the block lasts."""
    [(is_alone,)] = await (await connection.execute(_TRY)).fetchall()
    try:
        yield is_alone
    finally:
        if is_alone:
            with suppress(psycopg.Error):  # A connection that is gone has given up its locks.
                await connection.execute(_LET_OTHERS)
