"""A view's rows in its table: made, read, and moved forward together with the position they stand at."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg

from domain.history import Positioned
from projections.view import Key, Row, View, fold, keys_touched

_MAKE_CHECKPOINT = """
INSERT INTO views.projection_checkpoint (projection, position) VALUES (%s, 0) ON CONFLICT DO NOTHING
"""
_LOCK_CHECKPOINT = "SELECT position FROM views.projection_checkpoint WHERE projection = %s FOR UPDATE"
_SELECT_CHECKPOINTS = "SELECT projection, position, failure FROM views.projection_checkpoint"
_MOVE_CHECKPOINT = """
UPDATE views.projection_checkpoint SET position = %s, updated_at = clock_timestamp(), failure = NULL
WHERE projection = %s
"""
_NOTE_FAILURE = "UPDATE views.projection_checkpoint SET failure = %s WHERE projection = %s"

Connection = psycopg.AsyncConnection[Any]


class Checkpoint(msgspec.Struct, frozen=True):
    """How far a view has come; `failure` says why it stands still, if it does."""

    projection: str
    position: int
    failure: str | None


async def create(connection: Connection, view: View[Any], checkpoint: str) -> int:
    """Make the view's table in the connection's schema unless it is there, and give the position it stands at."""
    async with connection.transaction():
        # The checkpoint before the table, as everywhere: a rebuild that swaps tables meanwhile is waited for.
        await connection.execute(_MAKE_CHECKPOINT, (checkpoint,))
        position = await _lock(connection, checkpoint)
        await connection.execute(view.ddl)
        return position


async def advance(connection: Connection, view: View[Any], checkpoint: str, events: Sequence[Positioned]) -> int:
    """Apply those of `events`, which are in order, that are after the view's position; give its new position.

    One transaction moves rows and position. It need not survive a crash: both would fall back together, and the
    events are in the store.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")
        position = await _lock(connection, checkpoint)
        fresh = after(position, events)
        if not fresh:
            return position
        rows = await _rows(connection, view, keys_touched(view, fresh))
        changed = fold(view, rows, fresh)
        if changed:
            upserted = msgspec.json.encode(list(changed.values())).decode()
            await connection.execute(view.upsert, {"rows": upserted})
        position = fresh[-1].position
        await connection.execute(_MOVE_CHECKPOINT, (position, checkpoint))
        return position


def after(position: int, events: Iterable[Positioned]) -> list[Positioned]:
    """Those of `events` that are after `position`, once each, however often they come."""
    fresh = []
    for event in events:
        if event.position > position:
            fresh.append(event)
            position = event.position
    return fresh


async def note_failure(connection: Connection, checkpoint: str, failure: str) -> None:
    """Say why the view stands still."""
    await connection.execute(_NOTE_FAILURE, (failure, checkpoint))


async def checkpoints(connection: Connection) -> Sequence[Checkpoint]:
    """How far every view has come."""
    cursor = await connection.execute(_SELECT_CHECKPOINTS)
    return [Checkpoint(*row) for row in await cursor.fetchall()]


async def positions(connection: Connection, views: Iterable[str]) -> dict[str, int]:
    """Where each of `views` stands; 0 for one that has not begun."""
    reached = {checkpoint.projection: checkpoint.position for checkpoint in await checkpoints(connection)}
    return {view: reached.get(view, 0) for view in views}


async def all_rows(connection: Connection, view: View[Row]) -> dict[Key, Row]:
    """Every row of the view, by key, in the connection's schema."""
    rows: dict[Key, Row] = {}
    async with connection.transaction(), connection.cursor(name="all_rows") as cursor:
        await cursor.execute(view.select_all)
        async for (text,) in cursor:
            row = msgspec.json.decode(text, type=view.row)
            rows[view.key_of(row)] = row
    return rows


async def _rows(connection: Connection, view: View[Row], keys: Iterable[Key]) -> dict[Key, Row]:
    wanted = msgspec.json.encode(list(keys)).decode()
    cursor = await connection.execute(view.select, {"keys": wanted})
    [(text,)] = await cursor.fetchall()
    return {view.key_of(row): row for row in msgspec.json.decode(text, type=list[view.row])}  # type: ignore[name-defined]


async def _lock(connection: Connection, checkpoint: str) -> int:
    cursor = await connection.execute(_LOCK_CHECKPOINT, (checkpoint,))
    row = await cursor.fetchone()
    assert row is not None, f"no checkpoint {checkpoint}: create the view first"
    return int(row[0])
