"""The identity of the store that a database holds."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct

from infrastructure.postgres.connection.pool import ReadPool

_SELECT = "SELECT store_id, namespace, closed_at, closed_because FROM store_identity"


class StoreIdentity(Struct, frozen=True):
    store_id: UUID
    """The id of this copy of the history: a restored copy has another id."""
    namespace: UUID
    """The UUID namespace of derived ids: the same in every copy."""
    closed_at: datetime | None
    """The time from which the store takes no payments; None while the store is open."""
    closed_because: str | None


async def identity_of(connection: psycopg.AsyncConnection[Any]) -> StoreIdentity:
    """The identity of the store that `connection` is to. Raises psycopg.Error."""
    [row] = await (await connection.execute(_SELECT)).fetchall()
    return StoreIdentity(*row)


class NamespaceAtHand:
    """The store's namespace, read at the first call: every copy of the store has the same one."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool
        self._namespace: UUID | None = None

    async def __call__(self) -> UUID:
        """The namespace. Raises StoreUnavailable."""
        if self._namespace is None:
            async with self._pool.connection() as connection:
                self._namespace = (await identity_of(connection)).namespace
        return self._namespace
