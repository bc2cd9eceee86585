"""Which store a database holds."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct

from infrastructure.postgres.connection.pool import ReadPool

_SELECT = "SELECT store_id, namespace, closed_at, closed_because FROM store_identity"


class StoreIdentity(Struct, frozen=True):
    store_id: UUID
    """Of this copy of the history: a restored copy has another one."""
    namespace: UUID
    """For derived ids: the same in every copy."""
    closed_at: datetime | None
    """Since when the store takes no payments; None while it is open."""
    closed_because: str | None


async def identity_of(connection: psycopg.AsyncConnection[Any]) -> StoreIdentity:
    """The identity of the store that `connection` is to. Raises psycopg.Error."""
    [row] = await (await connection.execute(_SELECT)).fetchall()
    return StoreIdentity(*row)


class NamespaceAtHand:
    """The store's namespace, read when it is first asked for: no copy of the store has another one."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool
        self._namespace: UUID | None = None

    async def __call__(self) -> UUID:
        """Raises StoreUnavailable."""
        if self._namespace is None:
            async with self._pool.connection() as connection:
                self._namespace = (await identity_of(connection)).namespace
        return self._namespace
