"""A promotion begins a new epoch, and writers of an earlier epoch are refused from then on."""

from typing import Any, Final

import psycopg

from infrastructure.postgres import locks
from infrastructure.postgres.connection.connecting import to_primary

# After every append that has begun, so that none is between two epochs.
_LOCK: Final = "SELECT pg_advisory_xact_lock(%s)"
_RAISE: Final = "UPDATE store_identity SET epoch = epoch + 1 RETURNING epoch"


def raise_epoch(connection: psycopg.Connection[Any]) -> int:
    """Begin a new epoch; its number. Raises psycopg.Error."""
    with connection.transaction():
        connection.execute(_LOCK, (locks.APPEND,))
        [(epoch,)] = connection.execute(_RAISE).fetchall()
    return int(epoch)


def raise_epoch_at(database_url: str) -> int:
    """Begin a new epoch of the store at `database_url`, whose role has to own the store. Raises psycopg.Error."""
    with psycopg.connect(to_primary(database_url), autocommit=True, connect_timeout=3) as connection:
        return raise_epoch(connection)
