"""A promotion begins an epoch: who writes for an earlier one is refused from then on."""

from typing import Any, Final

import psycopg

from infrastructure.postgres import locks
from infrastructure.postgres.connection.connecting import to_primary

# After every append that has begun, so that none is between two epochs.
_LOCK: Final = "SELECT pg_advisory_xact_lock(%s)"
_RAISE: Final = "UPDATE store_identity SET epoch = epoch + 1 RETURNING epoch"


def raise_epoch(connection: psycopg.Connection[Any]) -> int:
    """The new epoch. Raises psycopg.Error."""
    with connection.transaction():
        connection.execute(_LOCK, (locks.APPEND,))
        [(epoch,)] = connection.execute(_RAISE).fetchall()
    return int(epoch)


def raise_epoch_at(database_url: str) -> int:
    """That of the store at `database_url`, as the role that owns it. Raises psycopg.Error."""
    with psycopg.connect(to_primary(database_url), autocommit=True, connect_timeout=3) as connection:
        return raise_epoch(connection)
