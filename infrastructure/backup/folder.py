"""A backup folder has one fixed layout, in which a complete backup differs from an unfinished one."""

# `FOLDER/<store id>/base/<name>/` is a base backup, `FOLDER/<store id>/wal/` the archive of the WAL written since then.
# A restored store has a new id, and therefore another place: two copies of one history never overwrite each other.

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from infrastructure.backup.errors import BackupFolderUnusable, SealBroken
from infrastructure.backup.key import BackupKey
from infrastructure.backup.sealed import opened, seal
from infrastructure.backup.wal_names import Segment, segment_at

UNFINISHED: Final = ".unfinished"
SEALED: Final = ".sealed"
DATA: Final = "base.tar"
SECRETS: Final = "secrets.tar"
CHECKSUMS: Final = "SHA256SUMS"
_ABOUT: Final = "about.json"
_VERIFIED: Final = "verified.json"


class BaseBackup(Struct, frozen=True, kw_only=True):
    """A copy of the whole server, with the WAL that the copy needs.

    `position` is the position of the store after the copy was finished.
    """

    name: str
    store_id: UUID
    started_at: datetime
    finished_at: datetime
    timeline: int
    start_lsn: int
    end_lsn: int
    position: int
    version: str
    sha256: dict[str, str]
    """The SHA-256 of each sealed file in this folder except this record, by file name."""

    @property
    def first_segment(self) -> Segment:
        return segment_at(self.timeline, self.start_lsn)


class Verification(Struct, frozen=True, kw_only=True):
    """The result of a restore into a scratch home, where the store reached `position`, was folded and was checked."""

    verified_at: datetime
    position: int
    differences: tuple[str, ...]
    """The faults that the check found; empty for a good backup."""


class StoreFolder:
    """The backups of one store, opened with one key."""

    def __init__(self, folder: Path, store_id: UUID, key: BackupKey) -> None:
        self.store_id = store_id
        self.path = folder / str(store_id)
        self.bases = self.path / "base"
        self.wal = self.path / "wal"
        self.key = key

    def prepare(self) -> None:
        """Create the missing folders. Raises BackupFolderUnusable."""
        try:
            for folder in (self.bases, self.wal):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BackupFolderUnusable(f"backups cannot be kept in {self.path}: {error.strerror}.") from error

    def seal(self, file: Path, content: Iterator[bytes]) -> str:
        return seal(file, self._name(file), content, self.key)

    def opened(self, file: Path) -> Iterator[bytes]:
        return opened(file, self._name(file), self.key)

    def _name(self, file: Path) -> str:
        """The name under which a file is sealed: the store's id and the file's path in the folder."""
        parts = file.relative_to(self.path).parts
        return "/".join((str(self.store_id), *(part.removesuffix(UNFINISHED) for part in parts)))

    def finish(self, unfinished: Path, base: BaseBackup) -> None:
        """Write the record and the checksums of a base backup beside its files, and give the folder its final name."""
        about = unfinished / f"{_ABOUT}{SEALED}"
        sums = {**base.sha256, about.name: self.seal(about, iter([msgspec.json.encode(base)]))}
        (unfinished / CHECKSUMS).write_text("".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()))
        unfinished.rename(self.bases / base.name)

    def base_backups(self) -> list[BaseBackup]:
        """All finished base backups, the oldest first. Raises SealBroken."""
        if not self.bases.is_dir():
            return []
        folders = sorted(each for each in self.bases.iterdir() if each.is_dir() and each.suffix != UNFINISHED)
        return [self._about(each) for each in folders]

    def _about(self, folder: Path) -> BaseBackup:
        file = folder / f"{_ABOUT}{SEALED}"
        if not file.exists():
            raise SealBroken(folder, f"{file.name} is missing")
        return msgspec.json.decode(b"".join(self.opened(file)), type=BaseBackup)

    def verification(self, base: BaseBackup) -> Verification | None:
        """The result of the last verification; None for a backup that never was verified."""
        file = self.bases / base.name / f"{_VERIFIED}{SEALED}"
        if not file.exists():
            return None
        return msgspec.json.decode(b"".join(self.opened(file)), type=Verification)

    def note_verification(self, base: BaseBackup, verification: Verification) -> None:
        self.seal(self.bases / base.name / f"{_VERIFIED}{SEALED}", iter([msgspec.json.encode(verification)]))

    def remove_unfinished(self) -> list[Path]:
        """Remove the remains of interrupted backups and return them; no backup may be in progress."""
        left = [each for each in self.bases.iterdir() if each.suffix == UNFINISHED]
        for folder in left:
            shutil.rmtree(folder)
        return left

    def remove_beyond(self, keep: int) -> list[str]:
        """Remove old base backups, and return the names of the removed ones.

        The `keep` newest backups stay, and the last backup with a good verification stays too.
        """
        bases = self.base_backups()
        verified = [base for base in bases if (said := self.verification(base)) and not said.differences]
        spared = {base.name for base in (*bases[-keep:], *verified[-1:])}
        gone = [base.name for base in bases if base.name not in spared]
        for name in gone:
            folder = self.bases / name
            folder.rename(unfinished := folder.with_name(f"{name}{UNFINISHED}"))
            shutil.rmtree(unfinished)
        return gone


def stores_in(folder: Path) -> Sequence[UUID]:
    """The stores with backups in `folder`, the store with the latest base backup last. Raises BackupFolderUnusable."""
    found = []
    try:
        for each in folder.iterdir():
            try:
                found.append((max((base.name for base in (each / "base").glob("*Z")), default=""), UUID(each.name)))
            except ValueError:
                continue
    except OSError as error:
        raise BackupFolderUnusable(f"{folder} cannot be read: {error.strerror}.") from error
    return [store_id for _, store_id in sorted(found)]
