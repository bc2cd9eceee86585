"""The archive follows the server: pg_receivewal streams the WAL, and the received WAL is sealed into the folder."""

import shutil
import signal
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, Self

import psycopg

from infrastructure.backup.archive import SegmentWriter, archived_segments
from infrastructure.backup.errors import ProgramFailed, RightMissing
from infrastructure.backup.folder import StoreFolder
from infrastructure.backup.programs import connection_of, program
from infrastructure.backup.wal_names import HISTORY, SEGMENT_BYTES, lsn_of, segment_of
from infrastructure.embedded.home import LOGS
from infrastructure.embedded.process import ChildProcess
from infrastructure.postgres import locks
from infrastructure.postgres.backups import ARCHIVER, BackupRecord
from infrastructure.postgres.connection.connecting import named

SLOT: Final = "tallystick_archive"
RECEIVED: Final = "backup-received"
"""The folder of the home into which the receiver writes; its files stay until they are sealed in the backup folder."""
_MARKS_MAX: Final = 600
_PARTIAL: Final = ".partial"
_RECEIVER_STOPS_WITHIN_S: Final = 5.0

_TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%s)"
_SELECT_MARK: Final = """
SELECT pg_current_wal_flush_lsn(), (SELECT coalesce(max(notification_id), 0) FROM stored_events)
"""
_SELECT_SLOT: Final = "SELECT wal_status, restart_lsn FROM pg_replication_slots WHERE slot_name = %s"
_MAKE_SLOT: Final = "SELECT pg_create_physical_replication_slot(%s, true)"
_DROP_SLOT: Final = "SELECT pg_drop_replication_slot(%s)"
_SELECT_WRITTEN: Final = "SELECT state, write_lsn FROM pg_stat_replication WHERE application_name = %s"


class Mark(NamedTuple):
    """All events up to `position` are in the WAL before `lsn`."""

    lsn: int
    position: int


class AlreadyArchived(Exception):
    """Another process keeps the archive of this store."""


class Archiver:
    """Keeps the archive of one store while the context is open.

    A failure ends the archiver; its owner then opens a new one.
    """

    def __init__(self, folder: StoreFolder, *, database_url: str, replication_url: str, home: Path) -> None:
        self._folder = folder
        self._database_url = database_url
        self._replication_url = replication_url
        self._home = home
        self._received = home / RECEIVED
        self._writer = SegmentWriter(folder)
        self._marks: deque[Mark] = deque(maxlen=_MARKS_MAX)
        self._told = -1
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start to receive the WAL. Raises AlreadyArchived, psycopg.Error, BackupError."""
        with ExitStack() as stack:
            store_url = named(self._database_url, name=ARCHIVER)
            self._store = stack.enter_context(psycopg.connect(store_url, autocommit=True))
            [(is_ours,)] = self._store.execute(_TRY_LOCK, (locks.ARCHIVE,)).fetchall()
            if not is_ours:
                raise AlreadyArchived
            # A progress figure that is lost in a crash is written again a second later: the commit need not wait for
            # the disk.
            self._store.execute("SET synchronous_commit = off")
            server_url = named(self._replication_url, name="tallystick archive's progress")
            self._server = stack.enter_context(psycopg.connect(server_url, autocommit=True))
            self._folder.prepare()
            self._received.mkdir(mode=0o700, exist_ok=True)
            self.misses_wal = self._prepare_slot()
            self._receiver = self._make_receiver()
            stack.callback(self._receiver.terminate, _RECEIVER_STOPS_WITHIN_S)
            self._receiver.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def record(self) -> BackupRecord:
        return BackupRecord(self._store)

    def step(self) -> None:
        """Seal the received WAL. Raises psycopg.Error, OSError, ProgramFailed."""
        if not self._receiver.running:
            raise ProgramFailed("pg_receivewal", self._receiver.log_tail())
        [(flushed, position)] = self._store.execute(_SELECT_MARK).fetchall()
        self._marks.append(Mark(lsn_of(flushed), position))
        written = self._written()
        received = sorted(self._received.iterdir())
        for file in received:
            if segment_of(file.name) or HISTORY.fullmatch(file.name):
                self._writer.add_whole(file)
                file.unlink()
        partial = max((file for file in received if file.suffix == _PARTIAL), default=None)
        if partial is not None and written is not None and partial.exists():
            self._add_slice(partial, written)
        self._note()

    def _add_slice(self, partial: Path, written: int) -> None:
        segment = segment_of(partial.stem)
        if segment is not None and 0 < written - segment.start <= SEGMENT_BYTES:
            self._writer.add_slice(partial, segment, written - segment.start)

    def _note(self) -> None:
        """Record in the store the position that the archive has reached, if the position has changed."""
        reached = None
        while self._marks and self._marks[0].lsn <= self._writer.sealed_lsn:
            reached = self._marks.popleft()
        if reached is not None and reached.position != self._told:
            self.record.archived(reached.position)
            self._told = reached.position

    def _written(self) -> int | None:
        """The LSN up to which the receiver has written the WAL; None while the receiver is not connected."""
        rows = self._server.execute(_SELECT_WRITTEN, (ARCHIVER,)).fetchall()
        if rows and rows[0][0] is None:  # state is NULL for a role without the right to see it
            raise RightMissing
        return lsn_of(rows[0][1]) if rows and rows[0][1] else None

    def _prepare_slot(self) -> bool:
        """Make the server keep the WAL that is not received yet.

        True if WAL is missing between the end of the archive and the WAL that is kept.
        """
        rows = self._server.execute(_SELECT_SLOT, (SLOT,)).fetchall()
        if rows and rows[0][0] == "lost":
            self._server.execute(_DROP_SLOT, (SLOT,))
            rows = []
        if not rows:
            # Files of an earlier receiver would make the next receiver ask for WAL that is gone.
            shutil.rmtree(self._received)
            self._received.mkdir(mode=0o700)
            self._server.execute(_MAKE_SLOT, (SLOT,))
            rows = self._server.execute(_SELECT_SLOT, (SLOT,)).fetchall()
        archived = max((segment.number for segment in archived_segments(self._folder)), default=-1)
        received = [segment.number for file in self._received.iterdir() if (segment := segment_of(file.stem))]
        begins = min(received, default=lsn_of(rows[0][1]) // SEGMENT_BYTES)
        return begins > archived + 1

    def _make_receiver(self) -> ChildProcess:
        conninfo, environment = connection_of(self._replication_url, application=ARCHIVER)
        receive: list[str | Path] = [
            program("pg_receivewal", self._home),
            f"--directory={self._received}",
            f"--slot={SLOT}",
        ]
        options = ["--no-loop", "--no-password", "--status-interval=1", "--dbname", conninfo]
        return ChildProcess(
            "pg_receivewal",
            [*receive, *options],
            log=self._home / LOGS / "pg_receivewal.log",
            env=environment,
            stop_signals=(signal.SIGINT,),
        )
