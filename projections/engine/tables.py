"""A view's table is created and read, and its rows change in one statement with the view's position."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from domain.errors import DomainError
from domain.history import Positioned
from projections.engine.code import code_of
from projections.engine.form import form_of
from projections.engine.row_sql import decoded, row_sql, rows_json
from projections.engine.rows import Connection, Rows
from projections.engine.view import Key, Row, View

_IS_MADE = "SELECT to_regclass(%s) IS NOT NULL"
_ONE_MAKER = "SELECT pg_advisory_xact_lock(hashtextextended('make ' || %s, 0))"
_MAKE_CHECKPOINT = """
INSERT INTO views.projection_checkpoint (projection, position, code, form) VALUES (%s, 0, %s, %s)
ON CONFLICT DO NOTHING
"""
_SELECT_CHECKPOINTS = """
SELECT projection, position, failure, version, code, form, former_codes,
    CASE WHEN rebuilt_at > clock_timestamp() - interval '15 seconds' THEN rebuilt_to END
FROM views.projection_checkpoint
"""
_SELECT_CHECKPOINT = f"{_SELECT_CHECKPOINTS} WHERE projection = %s"
_MOVE_CHECKPOINT = """
UPDATE views.projection_checkpoint
SET position = %s, moved_to = %s, updated_at = clock_timestamp(), failure = NULL
WHERE projection = %s AND position = %s AND version = %s
"""
_NOTE_FAILURE = """
UPDATE views.projection_checkpoint SET failure = %s WHERE projection = %s AND position = %s AND version = %s
"""


class ViewRebuilding(DomainError):
    """The view's rows have another version's form, and the view is being rebuilt."""

    view: str
    retry_after_s: int = 5


class Place(NamedTuple):
    """A view's position, and the version of its table, which each rebuild increases."""

    position: int
    version: int


class Checkpoint(msgspec.Struct, frozen=True):
    """A view's position; `failure` describes the failure that stops the view, else None; `version` counts its tables.

    `code` and `form` are the hashes for the rows in service; None where these are not recorded. `former_codes` are the
    hashes of earlier rows. `rebuilt_to` is the position of a rebuild under way; None without one.
    """

    projection: str
    position: int
    failure: str | None
    version: int
    code: str | None
    form: str | None
    former_codes: list[str]
    rebuilt_to: int | None

    @property
    def place(self) -> Place:
        return Place(self.position, self.version)


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


async def advance(
    connection: Connection, view: View[Any], rows: Rows[Any], place: Place, events: Sequence[Positioned]
) -> bool:
    """Apply `events`, which are in order and all after the view's position; False where the view is no longer at
    `place`.

    One statement changes rows and position. The commit need not survive a crash: rows and position fall back together,
    and the events are in the store.
    """
    changed = await rows.changed_by(events)
    where = (events[-1].position, events[-1].position, view.name, *place)
    if changed:
        parameters = (*where, rows_json(changed.values()))
        cursor = await connection.execute(row_sql(view).advance, parameters, prepare=True)
        [(moved,)] = await cursor.fetchall()
    else:
        moved = (await connection.execute(_MOVE_CHECKPOINT, where, prepare=True)).rowcount
    if moved:
        rows.keep(changed)
    return bool(moved)


def after(position: int, events: Iterable[Positioned]) -> list[Positioned]:
    """The events after `position`, in order and without repetitions."""
    fresh = []
    for event in events:
        if event.position > position:
            fresh.append(event)
            position = event.position
    return fresh


async def note_failure(connection: Connection, view: View[Any], place: Place, failure: str) -> None:
    """Record the failure that stops the view at `place`; no effect where the view is elsewhere by now."""
    await connection.execute(_NOTE_FAILURE, (failure, view.name, *place))


async def checkpoint_of(connection: Connection, view: View[Any]) -> Checkpoint:
    cursor = await connection.execute(_SELECT_CHECKPOINT, (view.name,))
    row = await cursor.fetchone()
    assert row is not None, f"no checkpoint {view.name}: create the view first"
    return Checkpoint(*row)


async def checkpoints(connection: Connection) -> Sequence[Checkpoint]:
    """The checkpoints of all views."""
    cursor = await connection.execute(_SELECT_CHECKPOINTS)
    return [Checkpoint(*row) for row in await cursor.fetchall()]


async def positions(connection: Connection, views: Iterable[View[Any]]) -> dict[str, int]:
    """The position of each view; 0 for a view without a checkpoint. Raises ViewRebuilding for a view whose rows this
    version cannot read."""
    stands = {checkpoint.projection: checkpoint for checkpoint in await checkpoints(connection)}
    return {view.name: _position_of_readable(view, stands.get(view.name)) for view in views}


def _position_of_readable(view: View[Any], checkpoint: Checkpoint | None) -> int:
    if checkpoint is None:
        return 0
    if checkpoint.form != form_of(view):
        raise ViewRebuilding(view=view.name)
    return checkpoint.position


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
