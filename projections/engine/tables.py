"""A view's table is created together with its checkpoint, and read as a whole."""

from typing import Any

from projections.engine.checkpoint import Checkpoint, checkpoint_of
from projections.engine.code import code_of
from projections.engine.form import form_of
from projections.engine.row_sql import decoded, row_sql
from projections.engine.rows import Connection
from projections.engine.view import Key, Row, View

_IS_MADE = "SELECT to_regclass(%s) IS NOT NULL"
_ONE_MAKER = "SELECT pg_advisory_xact_lock(hashtextextended('make ' || %s, 0))"
_MAKE_CHECKPOINT = """
INSERT INTO views.checkpoint (projection, position, code, form) VALUES (%s, 0, %s, %s) ON CONFLICT DO NOTHING
"""


async def create(connection: Connection, view: View[Any], *, is_filled: bool = True) -> Checkpoint:
    """The view's checkpoint; the live table and the checkpoint are created where they do not exist.

    With `is_filled` False, a table created here is outdated from the start, so that a rebuild fills the table.
    """
    if not await _is_made(connection, view):
        async with connection.transaction():
            await connection.execute(_ONE_MAKER, (view.name,))
            if not await _is_made(connection, view):
                made_by = (code_of(view), form_of(view)) if is_filled else (None, None)
                await connection.execute(_MAKE_CHECKPOINT, (view.name, *made_by))
                await connection.execute(view.ddl.encode() + view.indexes.encode())
    return await checkpoint_of(connection, view)


async def all_rows(connection: Connection, view: View[Row]) -> dict[Key, Row]:
    """Every row of the view's table in the connection's schema, by key."""
    rows: dict[Key, Row] = {}
    async with connection.transaction(), connection.cursor(name="all_rows") as cursor:
        await cursor.execute(row_sql(view).select_all)
        async for (text,) in cursor:
            row = decoded(view, text)
            rows[view.key_of(row)] = row
    return rows


async def _is_made(connection: Connection, view: View[Any]) -> bool:
    cursor = await connection.execute(_IS_MADE, (f"views.{view.table}",))
    [(is_made,)] = await cursor.fetchall()
    return bool(is_made)
