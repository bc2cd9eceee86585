"""Views are rebuilt beside the live ones from the first event, compared, and swapped in, each in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from projections.engine.checkpoint import checkpoint_of, hold
from projections.engine.code import code_of
from projections.engine.comparison import Comparison, compare
from projections.engine.connection import LIVE_SCHEMA, REBUILD_SCHEMA
from projections.engine.filling import BATCH_EVENTS_MAX, Filling, fill, no_collecting
from projections.engine.form import form_of
from projections.engine.projector import Source
from projections.engine.rows import Connection
from projections.engine.view import View

LOCK_WAITS_MS = 200
"""The longest wait for readers of the live table to end, because new readers queue behind the swap's lock request."""
TRY_AGAIN_S = 0.2

_WAIT_FOR_OTHERS = "SELECT pg_advisory_lock(hashtextextended('rebuild ' || %s, 0))"
_LET_OTHERS = "SELECT pg_advisory_unlock(hashtextextended('rebuild ' || %s, 0))"
_HAS_SCHEMA = "SELECT to_regnamespace(%s) IS NOT NULL"
_MAKE_SCHEMA = SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(REBUILD_SCHEMA))
_AT_THIS_INSTANT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_ROOM_TO_JOIN = "SET LOCAL work_mem = '64MB'"
_LOCK_WAITS = f"SET LOCAL lock_timeout = {LOCK_WAITS_MS}"
_MOVE_LIVE = """
UPDATE views.checkpoint SET
    position = %(position)s, version = version + 1, failure = NULL,
    is_shared = is_shared AND %(position)s = (SELECT position FROM views.checkpoint WHERE projection = 'shared'),
    former_codes = array_remove(array_remove(array_append(array_remove(former_codes, code), code), %(code)s), NULL),
    code = %(code)s, form = %(form)s, rebuilt_to = NULL, rebuilt_at = NULL, updated_at = clock_timestamp()
WHERE projection = %(view)s
"""
# Its projector must look which views stand there, and in which tables.
_COUNT_SHARED = "UPDATE views.checkpoint SET version = version + 1 WHERE projection = 'shared'"
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class Rebuilt(Struct, frozen=True, kw_only=True):
    """The comparison of a view with its rebuilt table, the position that the rebuilt table has reached, and the live
    view's version.

    `comparison` is None where the columns of the tables differ, as between versions they may."""

    comparison: Comparison | None
    position: int
    version: int


async def rebuild(
    views: Sequence[View[Any]],
    source: Source,
    connect: Callable[[], Awaitable[Connection]],
    *,
    on_advance: Callable[[int], None] = lambda _position: None,
    dry_run: bool = False,
) -> Mapping[str, Rebuilt]:
    """Fill a fresh table for each view in one pass over the store, compare the table with the live one, and, without
    `dry_run`, swap them; the results by view name.

    `connect` gives connections with REBUILD_SCHEMA first in their search path. Queries see the old rows until the swap
    commits, and the live projector continues from the new position. After an interruption the old view stays in
    service, and the fresh tables are dropped, at once or by the next rebuild. A second rebuild of the same view waits
    for the first. Raises PoisonEvent, and the source's errors for an event that cannot be decoded.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(no_collecting())
        writer, reader, keeper, snapshot = [await stack.enter_async_context(await connect()) for _ in range(4)]
        for view in sorted(views, key=lambda view: view.name):
            await stack.enter_async_context(_fresh_table(writer, view))
        fillings = [Filling(view, writer, reader) for view in views]
        comparable = [filling for filling in fillings if await _has_these_columns(reader, filling.view)]
        # No further than the live views, so that each table can be compared with its live one at the same position.
        live = [(await checkpoint_of(reader, filling.view)).position for filling in comparable]
        await fill(fillings, source, up_to=min(live, default=None), on_advance=on_advance)
        async with snapshot.transaction():
            await _take(snapshot, comparable, source, keeper)
            comparing = _compare(snapshot, [(filling.view, filling.position) for filling in comparable])
            completing = _complete(fillings, source, writer, on_advance) if not dry_run else asyncio.sleep(0)
            found, _ = await asyncio.gather(comparing, completing)
        if not dry_run:
            await _put_all_in_place(fillings, source, keeper, on_advance)
        compared = dict(zip([filling.view.name for filling in comparable], found, strict=True))
        return {
            filling.view.name: Rebuilt(
                comparison=compared.get(filling.view.name),
                position=filling.position,
                version=(await checkpoint_of(reader, filling.view)).version,
            )
            for filling in fillings
        }


async def replace(
    views: Sequence[View[Any]],
    source: Source,
    connect: Callable[[], Awaitable[Connection]],
    *,
    batch_events_max: int,
    on_advance: Callable[[int], None] = lambda _position: None,
) -> None:
    """Fill a fresh table for each view in one pass over the store, and swap them in without a comparison.

    Otherwise as `rebuild`. Other tasks of the process run between batches of at most `batch_events_max` events.
    """
    async with AsyncExitStack() as stack:
        writer, reader, keeper = [await stack.enter_async_context(await connect()) for _ in range(3)]
        for view in sorted(views, key=lambda view: view.name):
            await stack.enter_async_context(_fresh_table(writer, view))
        fillings = [Filling(view, writer, reader) for view in views]
        await fill(fillings, source, batch_events_max=batch_events_max, on_advance=on_advance)
        await _complete(fillings, source, writer, on_advance)
        await _put_all_in_place(fillings, source, keeper, on_advance)


async def _has_these_columns(connection: Connection, view: View[Any]) -> bool:
    """Whether the live table has the columns of the fresh one."""
    live, fresh = [
        await (await connection.execute(_COLUMNS, (f"{schema}.{view.table}",))).fetchall()
        for schema in (LIVE_SCHEMA, REBUILD_SCHEMA)
    ]
    return live == fresh


@asynccontextmanager
async def _fresh_table(writer: Connection, view: View[Any]) -> AsyncIterator[None]:
    """Create an empty table beside the live one, under a lock of its own, and drop what is left of it after the
    block."""
    fresh = Identifier(REBUILD_SCHEMA, view.table)
    await writer.execute(_WAIT_FOR_OTHERS, (view.name,))
    try:
        async with writer.transaction():
            await _make_schema(writer)
            await writer.execute(SQL("DROP TABLE IF EXISTS {}").format(fresh))
            await writer.execute(view.ddl.encode())
        yield
    finally:
        with suppress(psycopg.Error):  # The connection may be lost: the next rebuild drops the table.
            await writer.execute(SQL("DROP TABLE IF EXISTS {}").format(fresh))
            await writer.execute(_LET_OTHERS, (view.name,))


async def _make_schema(writer: Connection) -> None:
    """Create the schema unless it exists: IF NOT EXISTS fails for a role without the right to create schemas."""
    [(has_schema,)] = await (await writer.execute(_HAS_SCHEMA, (REBUILD_SCHEMA,))).fetchall()
    if not has_schema:
        await writer.execute(_MAKE_SCHEMA)


async def _take(snapshot: Connection, fillings: Sequence[Filling], source: Source, keeper: Connection) -> None:
    """Fix the snapshot of the connection `snapshot` where each pair of tables is at the same position; the live views
    then move on."""
    for filling in fillings:
        former = -1
        while former < filling.position < (live := await _live_position(keeper, filling.view)) - BATCH_EVENTS_MAX:
            former = filling.position
            await fill([filling], source, up_to=live)
    async with keeper.transaction():
        await _fill_to_live(keeper, fillings, source)
        await snapshot.execute(_AT_THIS_INSTANT)
        await snapshot.execute("SELECT")


async def _live_position(keeper: Connection, view: View[Any]) -> int:
    return (await checkpoint_of(keeper, view)).position


async def _compare(snapshot: Connection, tables: Sequence[tuple[View[Any], int]]) -> list[Comparison]:
    await snapshot.execute(_ROOM_TO_JOIN)
    return [await compare(snapshot, view, position) for view, position in tables]


async def _complete(
    fillings: Sequence[Filling], source: Source, writer: Connection, on_advance: Callable[[int], None]
) -> None:
    """Bring the fresh tables to the store's end, and create their indexes."""
    await fill(fillings, source, on_advance=on_advance)
    for filling in fillings:
        await writer.execute(filling.view.indexes.encode())


async def _put_all_in_place(
    fillings: Sequence[Filling], source: Source, keeper: Connection, on_advance: Callable[[int], None]
) -> None:
    for filling in fillings:
        await fill([filling], source, on_advance=on_advance)
        await _put_in_place(filling, source, keeper)


async def _put_in_place(filling: Filling, source: Source, keeper: Connection) -> None:
    while True:
        if await _swap(filling, source, keeper):
            return
        await asyncio.sleep(TRY_AGAIN_S)


async def _swap(filling: Filling, source: Source, keeper: Connection) -> bool:
    """Replace the live table by the fresh one; False where readers of the live table held it longer than
    LOCK_WAITS_MS."""
    live, fresh = Identifier(LIVE_SCHEMA, filling.view.table), Identifier(REBUILD_SCHEMA, filling.view.table)
    try:
        async with keeper.transaction():
            await _fill_to_live(keeper, [filling], source)
            await keeper.execute(_LOCK_WAITS)
            await keeper.execute(SQL("DROP TABLE {}").format(live))
            await keeper.execute(SQL("ALTER TABLE {} SET SCHEMA {}").format(fresh, Identifier(LIVE_SCHEMA)))
            view = filling.view
            moved = {"position": filling.position, "code": code_of(view), "form": form_of(view), "view": view.name}
            await keeper.execute(_MOVE_LIVE, moved)
            await keeper.execute(_COUNT_SHARED)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


async def _fill_to_live(keeper: Connection, fillings: Sequence[Filling], source: Source) -> None:
    """Bring each fresh table to its live view's position, with the projectors, but no reader, waiting until the
    transaction ends.

    The tables are locked before the checkpoints and by name, in the order of a projector's own statement, to avoid a
    deadlock.
    """
    for table in sorted(filling.view.table for filling in fillings):
        await keeper.execute(SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(Identifier(LIVE_SCHEMA, table)))
    by_name = {filling.view.name: filling for filling in fillings}
    for position, names in (await hold(keeper, by_name)).items():
        await fill([by_name[name] for name in names], source, up_to=position)
