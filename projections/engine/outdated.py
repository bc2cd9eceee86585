"""Views whose rows were made by another version's code are rebuilt, by one process at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from domain.errors import described
from projections.engine.checkpoint import Checkpoint, checkpoint_of, checkpoints, note_failure
from projections.engine.code import code_of
from projections.engine.projector import UNREADABLE, PoisonEvent, Source
from projections.engine.rebuild import replace
from projections.engine.rows import Connection
from projections.engine.view import View

LOOK_EVERY_S = 2.0
REPORT_EVERY_S = 1.0
BATCH_EVENTS_MAX = 500
"""Smaller than a rebuild's by command: folding a batch blocks the process, which also takes payments."""

_TRY = "SELECT pg_try_advisory_lock(hashtextextended('rebuild what is outdated', 0))"
_LET_OTHERS = "SELECT pg_advisory_unlock(hashtextextended('rebuild what is outdated', 0))"
_REPORT_POSITION = """
UPDATE views.checkpoint SET rebuilt_to = %s, rebuilt_at = clock_timestamp() WHERE projection = ANY (%s)
"""
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"

Outdated = Mapping[str, str]
"""The reason of each view that has to be rebuilt, by view name."""

log = logging.getLogger(__name__)


def why_outdated(view: View[Any], checkpoint: Checkpoint | None, head: int) -> str | None:
    """The reason to rebuild the view's rows in service, None without one. Rows made by a later version's code are no
    reason: that version looks after them."""
    if checkpoint is None or checkpoint.code is None:
        return "nobody has said which code made it"
    if checkpoint.code != code_of(view) and not is_of_a_later_version(view, checkpoint):
        return "another version's code made it"
    if checkpoint.position > head:
        return f"it stands at {checkpoint.position}, after the store's last event, {head}"
    return None


def is_of_a_later_version(view: View[Any], checkpoint: Checkpoint) -> bool:
    """Whether rows made by this code were in service before, and another version's code has replaced them."""
    return code_of(view) in checkpoint.former_codes


async def outdated(connection: Connection, views: Mapping[str, View[Any]]) -> Outdated:
    """The views that have to be rebuilt, with the reasons."""
    known = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
    # Read after the positions: events appended in between put no view ahead of the store.
    [(head,)] = await (await connection.execute(_HEAD)).fetchall()
    reasons = {name: why_outdated(view, known.get(name), head) for name, view in views.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


class OutdatedViews:
    """Rebuilds the outdated views, all in one pass over the store.

    `connect` gives connections with REBUILD_SCHEMA first in their search path. The old rows stay in service until the
    new rows replace them. `on_advance` receives the positions that the new rows have reached.
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
        """The errors of views that this process could not rebuild and does not try again, by view name."""

    async def run(self) -> None:
        """Look for outdated views and rebuild them, until cancelled. Raises psycopg.Error when the connection fails."""
        async with await self._connect() as connection:
            while True:
                if await self._due(connection):
                    async with _alone(connection) as is_alone:
                        if is_alone:
                            await self._rebuild(connection, await self._due(connection))
                await asyncio.sleep(LOOK_EVERY_S)

    async def rebuild(self) -> Outdated:
        """Wait for other processes that rebuild, then rebuild all outdated views; the views rebuilt, with reasons."""
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
        """Rebuild the views in one pass, or one by one where an event cannot be applied to one of them."""
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
            await note_failure(connection, name, stands.place, self.failures[name])

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
    """True in the block where this process has the sole right to rebuild outdated views until the block ends."""
    [(is_alone,)] = await (await connection.execute(_TRY)).fetchall()
    try:
        yield is_alone
    finally:
        if is_alone:
            with suppress(psycopg.Error):  # A lost connection has released its locks.
                await connection.execute(_LET_OTHERS)
