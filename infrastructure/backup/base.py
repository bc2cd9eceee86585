"""A base backup is a sealed copy of the whole server by pg_basebackup and of the home's secrets, complete or absent."""

import io
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

from infrastructure.backup.archive import archived_segments
from infrastructure.backup.errors import BackupFolderUnusable, ProgramFailed
from infrastructure.backup.folder import DATA, SEALED, SECRETS, UNFINISHED, BaseBackup, StoreFolder
from infrastructure.backup.programs import Output, connection_of, program
from infrastructure.backup.wal_names import lsn_of
from infrastructure.postgres import locks
from infrastructure.postgres.backups import BackupRecord

_TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%s)"
_UNLOCK: Final = "SELECT pg_advisory_unlock(%s)"
_SELECT_HEAD: Final = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_START: Final = re.compile(r"write-ahead log start point: (\S+) on timeline (\d+)")
_END: Final = re.compile(r"write-ahead log end point: (\S+)")
PROVIDERS_FILE: Final = "providers.json"

Connection = psycopg.Connection[Any]


class Source(NamedTuple):
    """A server to back up, and the home beside it.

    `connection` is a session in the server's store, in the application's role.
    """

    replication_url: str
    connection: Connection
    home: Path
    providers_file: Path | None


def make_base_backup(source: Source, folder: StoreFolder, *, keep: int, copied: Callable[[int], None]) -> BaseBackup:
    """Add a base backup to the folder, and keep only the `keep` newest; `copied` receives the number of bytes so far.

    Raises BackupFolderUnusable (another backup is being made, the disk is full), ProgramFailed, psycopg.Error.
    """
    folder.prepare()
    with _alone(source.connection):
        folder.remove_unfinished()
        try:
            base = _copied(source, folder, copied)
        except OSError as error:
            folder.remove_unfinished()
            raise BackupFolderUnusable(f"the backup cannot be written to {folder.path}: {error.strerror}.") from error
        except BaseException:
            folder.remove_unfinished()
            raise
        record = BackupRecord(source.connection)
        record.base_made(base.name, finished_at=base.finished_at, position=base.position)
        record.bases_removed(folder.remove_beyond(keep))
        remove_old_wal(folder)
    return base


def _copied(source: Source, folder: StoreFolder, copied: Callable[[int], None]) -> BaseBackup:
    started_at = datetime.now(UTC)
    name = f"{started_at:%Y%m%dT%H%M%S}Z"
    unfinished = folder.bases / f"{name}{UNFINISHED}"
    unfinished.mkdir(mode=0o700)
    conninfo, environment = connection_of(source.replication_url, application="tallystick backup")
    # One tar to standard output. pg_basebackup adds the WAL at the end, so the tar can be restored without the archive
    # too.
    options = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--no-password", "--verbose"]
    output = Output([program("pg_basebackup", source.home), *options, "--dbname", conninfo], environment)
    sha256 = {
        f"{DATA}{SEALED}": folder.seal(unfinished / f"{DATA}{SEALED}", _counted(output, copied)),
        f"{SECRETS}{SEALED}": folder.seal(unfinished / f"{SECRETS}{SEALED}", iter([_secrets(source)])),
    }
    start, end = _START.search(output.said), _END.search(output.said)
    if start is None or end is None:
        raise ProgramFailed("pg_basebackup", f"it did not say what WAL its copy needs: {output.said}")
    # The head is read after the copy: the copy holds no event beyond this position.
    [(position,)] = source.connection.execute(_SELECT_HEAD).fetchall()
    base = BaseBackup(
        name=name,
        store_id=folder.store_id,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        timeline=int(start[2]),
        start_lsn=lsn_of(start[1]),
        end_lsn=lsn_of(end[1]),
        position=position,
        version=version("tallystick"),
        sha256=sha256,
    )
    folder.finish(unfinished, base)
    return base


def remove_old_wal(folder: StoreFolder) -> None:
    """Remove the archived WAL that no base backup needs."""
    bases = folder.base_backups()
    if not bases:
        return
    first = min(base.first_segment.number for base in bases)
    for segment, archived in archived_segments(folder).items():
        if segment.number < first:
            for file in archived.files:
                file.unlink(missing_ok=True)


def secret_files(home: Path, providers_file: Path | None) -> Sequence[tuple[str, Path]]:
    """The secrets that a restored home needs beside the data, each with its file name in that home."""
    files = [(file.name, file) for file in sorted(home.glob("*.password"))] if home.is_dir() else []
    accounts = providers_file or home / PROVIDERS_FILE
    if accounts.is_file():
        files.append((PROVIDERS_FILE, accounts))
    return files


def _secrets(source: Source) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, file in secret_files(source.home, source.providers_file):
            content = file.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _counted(parts: Output, copied: Callable[[int], None]) -> Iterator[bytes]:
    so_far = 0
    for part in parts:
        so_far += len(part)
        copied(so_far)
        yield part


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the lock under which only one process makes base backups of this store. Raises BackupFolderUnusable."""
    [(is_ours,)] = connection.execute(_TRY_LOCK, (locks.BASE_BACKUP,)).fetchall()
    if not is_ours:
        raise BackupFolderUnusable("another backup of this store is being made; wait for it.")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(_UNLOCK, (locks.BASE_BACKUP,))
