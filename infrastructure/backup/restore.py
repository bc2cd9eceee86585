"""A restore turns a base backup and the WAL after it into a home, whose store gets a new id and is closed."""

import io
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from msgspec import Struct

from infrastructure.backup.archive import archived_segments, content_of, histories
from infrastructure.backup.base import PROVIDERS_FILE
from infrastructure.backup.errors import BackupFolderUnusable, RestoreFailed
from infrastructure.backup.folder import DATA, SEALED, SECRETS, BaseBackup, StoreFolder
from infrastructure.backup.position import commit_beyond
from infrastructure.backup.programs import READ_BYTES
from infrastructure.backup.wal_names import Segment, lsn_text, segment_of
from infrastructure.embedded.errors import ServerFailed
from infrastructure.embedded.home import POSTGRES_DATA, prepare_home
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.private_files import sync_folder, write_private

RESTORED_PROVIDERS_FILE: Final = "providers.restored.json"
"""A name apart from the file that a start writes: an operator compares the restored provider accounts."""
_RECOVERY_WITHIN_S: Final = 7 * 24 * 3600.0
_LAST_LINES: Final = 12
_OF_ANOTHER_SERVER: Final = ("synchronous_standby_names", "primary_conninfo", "primary_slot_name")
"""Settings from an ALTER SYSTEM on the other server: a restored server waits for no standby and follows no primary."""
_BY_THE_WAL_AT_HAND: Final = {"restore_command": "exit 1", "recovery_target_timeline": "latest"}
"""All existing WAL was put in its place before, so nothing is fetched; recovery demands a command nevertheless."""
_SELECT_STORE: Final = """
SELECT store_id, (SELECT coalesce(max(notification_id), 0) FROM stored_events) FROM store_identity
"""
_MAKE_ANOTHER: Final = """
UPDATE store_identity SET store_id = gen_random_uuid(), closed_at = clock_timestamp(), closed_because = %s
"""
_FORGET_BACKUPS: Final = "DELETE FROM base_backup; DELETE FROM wal_archive"

Tell = Callable[[str], None]


class Restored(Struct, frozen=True, kw_only=True):
    """The result of a restore: the store was recovered up to `position`.

    `missing_after` names the segment before a gap in the archive, or is None without a gap. The store lacks everything
    after the gap.
    """

    position: int
    missing_after: str | None
    secrets: tuple[str, ...]


def base_for(folder: StoreFolder, target: datetime | int | None, name: str | None = None) -> BaseBackup:
    """The newest base backup that was finished by `target`, a time or a position; or the backup called `name`.

    Raises BackupFolderUnusable, SealBroken.
    """
    bases = folder.base_backups()
    if not bases:
        raise BackupFolderUnusable(f"there is no finished base backup in {folder.bases}.")
    if name is not None:
        bases = [base for base in bases if base.name == name]
        if not bases:
            raise BackupFolderUnusable(f"there is no base backup {name}: see `tallystick backup list`.")
    fitting = [base for base in bases if _is_before(base, target)]
    if not fitting:
        oldest = bases[0]
        raise BackupFolderUnusable(
            f"no base backup is as old as that: {oldest.name}, the oldest, was finished at "
            f"{oldest.finished_at.isoformat(timespec='seconds')}, at position {oldest.position:,}."
        )
    return fitting[-1]


def _is_before(base: BaseBackup, target: datetime | int | None) -> bool:
    if isinstance(target, datetime):
        return base.finished_at <= target
    return target is None or base.position <= target


def restore(folder: StoreFolder, base: BaseBackup, home: Path, target: datetime | int | None, tell: Tell) -> Restored:
    """Fill the empty folder `home` with the store as it was at `target`, or at the end of the archive.

    For a position, whole commits are restored: the head is `target` or, if a larger commit contains `target`, a little
    less. Raises RestoreFailed, SealBroken, EmbeddedError, BackupFolderUnusable; `home` is empty again after an error.
    """
    if home.exists() and any(home.iterdir()):
        raise BackupFolderUnusable(f"{home} is not empty: a restore fills a new folder only.")
    try:
        return _restored(folder, base, home, target, tell)
    except BaseException:
        for left in home.iterdir() if home.exists() else ():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
        raise


def _restored(folder: StoreFolder, base: BaseBackup, home: Path, target: datetime | int | None, tell: Tell) -> Restored:
    stop_at: Mapping[str, str] = {}
    if isinstance(target, datetime):
        stop_at = {"recovery_target_time": target.isoformat()}
    elif target is not None:
        stop_at = _stop_before_the_commit_beyond(target, folder, base, home, tell)
    secrets, missing_after = _unpack(folder, base, home, tell)
    tell("Recovering …")
    server = _recovered(home, stop_at)
    try:
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            position = _make_another(connection, folder, base, target)
    finally:
        server.stop()
    return Restored(position=position, missing_after=missing_after, secrets=tuple(secrets))


def _stop_before_the_commit_beyond(
    position: int, folder: StoreFolder, base: BaseBackup, home: Path, tell: Tell
) -> Mapping[str, str]:
    """The recovery settings that stop before the first commit beyond `position`. Raises RestoreFailed.

    A full recovery in a scratch home finds the place; the scratch home is removed afterwards.
    """
    scan = home / "scan"
    prepare_home(home)
    tell(f"Looking for position {position:,} …")
    _unpack(folder, base, scan, tell)
    # Keeps all segments, because commit_beyond reads them after the recovery.
    server = _recovered(scan, {"wal_keep_size": "2000000"})
    try:
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            stop_lsn = commit_beyond(connection, scan / POSTGRES_DATA / "pg_wal", position, home)
    finally:
        server.stop()
        shutil.rmtree(scan)
    if stop_lsn is None:
        return {}
    return {"recovery_target_lsn": lsn_text(stop_lsn), "recovery_target_inclusive": "off"}


def _recovered(home: Path, stop_at: Mapping[str, str]) -> EmbeddedPostgres:
    """The running server on `home`, after its recovery. Raises RestoreFailed, EmbeddedError."""
    # No session is allowed before the end of the recovery: an unfinished recovery shows no valid state of the store.
    settings = {"hot_standby": "off", "recovery_target_action": "promote", **_BY_THE_WAL_AT_HAND, **stop_at}
    server = EmbeddedPostgres(home, settings=settings, ready_timeout_s=_RECOVERY_WITHIN_S)
    try:
        server.start()
    except ServerFailed as error:
        if "recovery ended before configured recovery target was reached" in error.log_tail:
            said = "the archive ends before that; without --to everything that it has is restored."
        else:
            said = "\n".join(error.log_tail.splitlines()[-_LAST_LINES:])
        raise RestoreFailed(f"The recovery did not come to its end: {said}") from error
    return server


def _unpack(folder: StoreFolder, base: BaseBackup, home: Path, tell: Tell) -> tuple[list[str], str | None]:
    """Make a data folder that is ready to recover.

    Returns the names of the secrets, and the segment before a gap in the archive or None.
    """
    prepare_home(home)
    where = folder.bases / base.name
    secrets = _unpack_secrets(b"".join(folder.opened(where / f"{SECRETS}{SEALED}")), home)
    data = home / f"{POSTGRES_DATA}.restoring"
    data.mkdir(mode=0o700)
    tell(f"Unpacking the base backup {base.name} …")
    parts = folder.opened(where / f"{DATA}{SEALED}")
    with tarfile.open(fileobj=io.BufferedReader(_Stream(parts), READ_BYTES), mode="r|", bufsize=READ_BYTES) as tar:
        tar.extractall(data, filter="data")
    for _ in parts:  # read to the end, where the seal proves that the file is complete
        pass
    missing_after = _unpack_wal(folder, base, data / "pg_wal", tell)
    _forget_the_other_server(data / "postgresql.auto.conf")
    (data / "recovery.signal").touch(mode=0o600)
    data.chmod(0o700)
    data.rename(home / POSTGRES_DATA)
    sync_folder(home)
    return secrets, missing_after


def _unpack_secrets(packed: bytes, home: Path) -> list[str]:
    names = []
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None, entry.name
            name = RESTORED_PROVIDERS_FILE if entry.name == PROVIDERS_FILE else entry.name
            write_private(home / name, content.read().decode())
            names.append(name)
    return names


def _unpack_wal(folder: StoreFolder, base: BaseBackup, target: Path, tell: Tell) -> str | None:
    """Put all WAL since the base backup into the server's pg_wal; return the last segment's name before a gap."""
    archived = archived_segments(folder)
    own = {segment for file in target.iterdir() if (segment := segment_of(file.name))}
    chosen, missing_after = contiguous(sorted(own | archived.keys()), base.first_segment)
    for number, segment in enumerate(chosen):
        if number % 64 == 0:
            tell(f"Unpacking WAL: {number:,} of {len(chosen):,} segments …")
        if segment in own:  # a segment of the backup is whole; the archived one may be a part
            continue
        with (target / segment.name).open("wb") as content:
            content.writelines(content_of(folder, archived[segment]))
    for history in histories(folder):
        (target / history.name.removesuffix(SEALED)).write_bytes(b"".join(folder.opened(history)))
    return missing_after


def contiguous(segments: Sequence[Segment], first: Segment) -> tuple[list[Segment], str | None]:
    """The segments from `first` up to the first missing number, on any timeline.

    The second value is the name of the last segment before the gap, where more segments follow the gap; else None.
    """
    numbers = {segment.number for segment in segments if segment.number >= first.number}
    last = first.number
    while last in numbers:
        last += 1
    chosen = [segment for segment in segments if first.number <= segment.number < last]
    has_more = any(number > last for number in numbers)
    if not has_more:
        return chosen, None
    return chosen, chosen[-1].name if chosen else first.name


def _forget_the_other_server(settings: Path) -> None:
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith(_OF_ANOTHER_SERVER)))


def _make_another(
    connection: psycopg.Connection[Any], folder: StoreFolder, base: BaseBackup, target: datetime | int | None
) -> int:
    """Give the restored store a new id, close the store, and return its position. Raises RestoreFailed."""
    [(store_id, position)] = connection.execute(_SELECT_STORE).fetchall()
    if UUID(str(store_id)) != folder.store_id:
        raise RestoreFailed(f"The backup is of the store {store_id}, not of {folder.store_id}.")
    to = "the end of the archive" if target is None else f"{target}"
    with connection.transaction():
        because = f"restored from the backup {base.name} of the store {store_id} up to {to}, position {position}"
        connection.execute(_MAKE_ANOTHER, (because,))
        connection.execute(_FORGET_BACKUPS)
    return int(position)


class _Stream(io.RawIOBase):
    """Byte parts, readable as one file from beginning to end."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and (part := next(self._parts, None)) is not None:
            self._left = memoryview(part)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
