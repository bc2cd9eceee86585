"""The store's records of its own backups: the archive's position, and each base backup with its verification."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from msgspec import Struct

ARCHIVER: Final = "tallystick archive"
"""The application name of the archiver's connections to the database."""

_NOTE_BASE: Final = """
INSERT INTO base_backup (name, finished_at, position) VALUES (%s, %s, %s)
"""
_FORGET_BASES: Final = "DELETE FROM base_backup WHERE name = ANY(%s)"
_NOTE_VERIFIED: Final = "UPDATE base_backup SET verified_at = %s, fault = %s WHERE name = %s"
_NOTE_ARCHIVED: Final = """
INSERT INTO wal_archive (position) VALUES (%s)
ON CONFLICT (one_row) DO UPDATE SET position = excluded.position, archived_at = clock_timestamp(), failure = NULL
"""
_NOTE_FAILURE: Final = """
INSERT INTO wal_archive (position, failure) VALUES (0, %(failure)s)
ON CONFLICT (one_row) DO UPDATE SET failure = %(failure)s WHERE wal_archive.failure IS DISTINCT FROM %(failure)s
"""
_SELECT: Final = """
SELECT
    (SELECT position FROM wal_archive),
    (SELECT failure FROM wal_archive),
    (SELECT min(finished_at) FROM base_backup),
    (SELECT max(finished_at) FROM base_backup),
    (SELECT max(verified_at) FROM base_backup WHERE fault IS NULL),
    (SELECT fault FROM base_backup WHERE verified_at IS NOT NULL ORDER BY verified_at DESC LIMIT 1)
"""


class BackupState(Struct, frozen=True, kw_only=True):
    """The state of the archive and of the base backups; a field without a record is None.

    `fault` is the fault found by the latest verification; None where that found none.
    """

    archived_position: int | None
    archive_failure: str | None
    first_base_at: datetime | None
    last_base_at: datetime | None
    verified_at: datetime | None
    fault: str | None

    @property
    def is_configured(self) -> bool:
        return self.archived_position is not None or self.last_base_at is not None

    def unverified_since(self) -> datetime | None:
        """The time of the last good verification, or of the first base backup where none was good; None without a
        backup."""
        return self.verified_at or self.first_base_at


async def backup_state(connection: psycopg.AsyncConnection[Any]) -> BackupState:
    [(position, failure, first_base_at, last_base_at, verified_at, fault)] = await (
        await connection.execute(_SELECT)
    ).fetchall()
    return BackupState(
        archived_position=position,
        archive_failure=failure,
        first_base_at=first_base_at,
        last_base_at=last_base_at,
        verified_at=verified_at,
        fault=fault,
    )


class BackupRecord:
    """Writes the records of backups. Every method raises psycopg.Error."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def base_made(self, name: str, *, finished_at: datetime, position: int) -> None:
        self._connection.execute(_NOTE_BASE, (name, finished_at, position))

    def bases_removed(self, names: Sequence[str]) -> None:
        self._connection.execute(_FORGET_BASES, (list(names),))

    def verified(self, name: str, *, verified_at: datetime, fault: str | None) -> None:
        self._connection.execute(_NOTE_VERIFIED, (verified_at, fault, name))

    def archived(self, position: int) -> None:
        self._connection.execute(_NOTE_ARCHIVED, (position,))

    def archive_failed(self, failure: str) -> None:
        self._connection.execute(_NOTE_FAILURE, {"failure": failure})
