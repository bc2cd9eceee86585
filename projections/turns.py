"""One projector a view over all workers: a session lock, that Postgres frees when its holder's connection is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from projections.rows import Connection
from projections.view import View

TRY_EVERY_S = 0.5

_TRY = "SELECT pg_try_advisory_lock(hashtextextended('projector ' || %s, 0))"
_GIVE_UP = "SELECT pg_advisory_unlock(hashtextextended('projector ' || %s, 0))"


@asynccontextmanager
async def its_turn(connection: Connection, view: View[Any]) -> AsyncIterator[None]:
    """Wait until no other projector of the view is active, and be the active one inside."""
    while True:
        if await _is_taken(connection, view):
            break
        await asyncio.sleep(TRY_EVERY_S)
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # A connection that is gone has given up its locks.
            await connection.execute(_GIVE_UP, (view.name,))


async def _is_taken(connection: Connection, view: View[Any]) -> bool:
    [(is_taken,)] = await (await connection.execute(_TRY, (view.name,))).fetchall()
    return bool(is_taken)
