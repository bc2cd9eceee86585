"""Backups run unattended: the archive is kept while the process runs, and base backups are made when due."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final
from uuid import UUID

import psycopg
from msgspec import Struct

from infrastructure.backup.base import Source, make_base_backup
from infrastructure.backup.errors import BackupError
from infrastructure.backup.folder import StoreFolder
from infrastructure.backup.follow import AlreadyArchived, Archiver
from infrastructure.backup.key import BackupKey
from infrastructure.postgres.backups import BackupRecord
from infrastructure.postgres.connection.connecting import named

EVERY_S: Final = 1.0
_BASE_AGAIN_AFTER: Final = timedelta(minutes=1)
"""The pause after a failed base backup, before the next try."""
_SELECT_STORE: Final = "SELECT store_id FROM store_identity"

log = logging.getLogger(__name__)


class Plan(Struct, frozen=True, kw_only=True):
    """The server to back up, the target folder and the schedule; `keep` is the number of base backups that stay."""

    database_url: str
    replication_url: str
    home: Path
    providers_file: Path | None
    folder: Path
    key: BackupKey
    keep: int
    base_every: timedelta


def store_of(database_url: str) -> UUID:
    """The id of the store. Raises psycopg.Error."""
    with psycopg.connect(database_url) as connection:
        [(store_id,)] = connection.execute(_SELECT_STORE).fetchall()
    return UUID(str(store_id))


def back_up(plan: Plan, copied: Callable[[int], None] = lambda _: None) -> tuple[StoreFolder, str]:
    """Make one base backup, and return the folder and the backup's name. Raises BackupError, psycopg.Error."""
    folder = StoreFolder(plan.folder, store_of(plan.database_url), plan.key)
    with psycopg.connect(named(plan.database_url, name="tallystick backup"), autocommit=True) as connection:
        source = Source(plan.replication_url, connection, plan.home, plan.providers_file)
        return folder, make_base_backup(source, folder, keep=plan.keep, copied=copied).name


def keep_backups(plan: Plan, stop: Event) -> None:
    """Keep the archive and make base backups until `stop`.

    A failure is logged, noted in the store and followed by another try.
    """
    bases = _Bases(plan)
    while not stop.is_set():
        try:
            folder = StoreFolder(plan.folder, store_of(plan.database_url), plan.key)
            with _archiver(plan, folder) as archiver:
                log.info("archive_followed", extra={"store": str(folder.store_id), "misses_wal": archiver.misses_wal})
                bases.look(folder, misses_wal=archiver.misses_wal)
                while not stop.wait(EVERY_S):
                    archiver.step()
                    bases.make_what_is_due()
        except AlreadyArchived:
            log.debug("archive_is_kept_by_another")
        except (BackupError, OSError, psycopg.Error) as error:
            log.warning("archive_failed", extra={"error": str(error)})
            _note_failure(plan, str(error))
        stop.wait(EVERY_S)


def _archiver(plan: Plan, folder: StoreFolder) -> Archiver:
    return Archiver(folder, database_url=plan.database_url, replication_url=plan.replication_url, home=plan.home)


def _note_failure(plan: Plan, failure: str) -> None:
    try:
        with psycopg.connect(named(plan.database_url, name="tallystick backup"), autocommit=True) as connection:
            BackupRecord(connection).archive_failed(failure)
    except psycopg.Error:  # the database itself fails, and must be mended before the archive
        return


class _Bases:
    """Makes base backups while the archive is kept, one at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._due = datetime.max.replace(tzinfo=UTC)
        self._thread: Thread | None = None

    def look(self, folder: StoreFolder, *, misses_wal: bool) -> None:
        """Compute the time of the next base backup: now if the archive begins anew. Raises BackupError."""
        newest = max((base.finished_at for base in folder.base_backups()), default=None)
        self._due = datetime.now(UTC) if newest is None or misses_wal else newest + self._plan.base_every

    def make_what_is_due(self) -> None:
        if datetime.now(UTC) >= self._due and (self._thread is None or not self._thread.is_alive()):
            self._due = datetime.now(UTC) + _BASE_AGAIN_AFTER
            # A daemon thread: a stop leaves an unfinished backup, and need not wait hours for its end.
            self._thread = Thread(target=self._make, name="base backup", daemon=True)
            self._thread.start()

    def _make(self) -> None:
        try:
            _, name = back_up(self._plan)
        except (BackupError, OSError, psycopg.Error) as error:
            log.warning("base_backup_failed", extra={"error": str(error)})
        else:
            self._due = datetime.now(UTC) + self._plan.base_every
            log.info("base_backup_made", extra={"backup": name})
