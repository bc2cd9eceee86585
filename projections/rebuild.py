"""A view rebuilt beside the live one, from the first event on, and put in its place in one instant."""

from collections.abc import Callable
from typing import Any

from psycopg.sql import SQL, Identifier

from projections.projector import BATCH_EVENTS_MAX, LIVE_SCHEMA, Source
from projections.tables import Connection, advance, create
from projections.view import View

REBUILD_SCHEMA = "views_rebuild"

_WAIT_FOR_OTHERS = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
_LET_OTHERS = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"
_LOCK_LIVE = "SELECT position FROM views.projection_checkpoint WHERE projection = %s FOR UPDATE"
_FORGET = "DELETE FROM views.projection_checkpoint WHERE projection = %s"
_MOVE_LIVE = """
UPDATE views.projection_checkpoint SET position = %s, failure = NULL, updated_at = clock_timestamp()
WHERE projection = %s
"""


async def rebuild(connection: Connection, view: View[Any], source: Source, *, on_advance: Callable[[int], None]) -> int:
    """Fill a fresh table from the store and swap it with the live one; the position it stands at.

    `connection` has REBUILD_SCHEMA first in its search path. Queries see the old rows until the swap commits, and
    the live projector carries on from the new position. Interrupted before that, the old view stays in service.
    A second rebuild of the same view waits for the first.
    """
    checkpoint = f"{view.name} rebuild"
    await connection.execute(_WAIT_FOR_OTHERS, (checkpoint,))
    try:
        return await _rebuild(connection, view, source, checkpoint, on_advance)
    finally:
        if not connection.closed:
            await connection.execute(_LET_OTHERS, (checkpoint,))


async def _rebuild(
    connection: Connection, view: View[Any], source: Source, checkpoint: str, on_advance: Callable[[int], None]
) -> int:
    await _clear(connection, view, checkpoint)
    position = await create(connection, view, checkpoint)
    more = True
    while more:  # Until almost there: where events never stop coming, nobody is ever quite there.
        events = await source.after(position, events_max=BATCH_EVENTS_MAX)
        position = await advance(connection, view, checkpoint, events)
        on_advance(position)
        more = len(events) == BATCH_EVENTS_MAX
    async with connection.transaction():
        # The live projector waits for the checkpoint from here on; what it has taken in meanwhile goes in too.
        [(live,)] = await (await connection.execute(_LOCK_LIVE, (view.name,))).fetchall()
        while position < live:
            events = await source.after(position, events_max=BATCH_EVENTS_MAX)
            position = await advance(connection, view, checkpoint, events)
        await _swap(connection, view)
        await connection.execute(_MOVE_LIVE, (position, view.name))
        await connection.execute(_FORGET, (checkpoint,))
    return position


async def _clear(connection: Connection, view: View[Any], checkpoint: str) -> None:
    async with connection.transaction():
        await connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(REBUILD_SCHEMA)))
        await connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(REBUILD_SCHEMA, view.table)))
        await connection.execute(_FORGET, (checkpoint,))


async def _swap(connection: Connection, view: View[Any]) -> None:
    live, fresh = Identifier(LIVE_SCHEMA, view.table), Identifier(REBUILD_SCHEMA, view.table)
    await connection.execute(SQL("DROP TABLE {}").format(live))
    await connection.execute(SQL("ALTER TABLE {} SET SCHEMA {}").format(fresh, Identifier(LIVE_SCHEMA)))
