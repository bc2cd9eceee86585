"""The WAL archive in a backup folder: whole segments, and slices of the one that is being written.

A slice is the pages that came since the one before, under `<segment>.<offset>`; when the segment is whole it takes the
place of its slices.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from infrastructure.backup.folder import SEALED, StoreFolder
from infrastructure.backup.wal_names import HISTORY, SEGMENT_BYTES, Segment, segment_of

PAGE_BYTES: Final = 8192
SLICES_MAX: Final = 60
"""Of one segment; then they are made one."""
_FILE: Final = re.compile(r"([0-9A-F]{24})(?:\.([0-9A-F]{8}))?\.sealed")


class Slice(NamedTuple):
    offset: int
    file: Path


class Archived(NamedTuple):
    """What there is of a segment: all of it, or slices in their order."""

    whole: Path | None
    slices: tuple[Slice, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return (*([self.whole] if self.whole else []), *(each.file for each in self.slices))


def archived_segments(folder: StoreFolder) -> Mapping[Segment, Archived]:
    """By timeline and number, in this order."""
    whole: dict[Segment, Path] = {}
    slices: dict[Segment, list[Slice]] = {}
    for file in sorted(folder.wal.iterdir()) if folder.wal.is_dir() else ():
        match = _FILE.fullmatch(file.name)
        segment = segment_of(match[1]) if match else None
        if match is None or segment is None:
            continue
        if match[2] is None:
            whole[segment] = file
        else:
            slices.setdefault(segment, []).append(Slice(int(match[2], 16), file))
    return {
        segment: Archived(whole.get(segment), tuple(slices.get(segment, ())))
        for segment in sorted(whole.keys() | slices.keys())
    }


def histories(folder: StoreFolder) -> list[Path]:
    """Of the timelines, each a small sealed file."""
    files = sorted(folder.wal.iterdir()) if folder.wal.is_dir() else []
    return [file for file in files if HISTORY.fullmatch(file.name.removesuffix(SEALED))]


def archive_extent(folder: StoreFolder) -> tuple[int, datetime]:
    """How many segments there are, and when the archive was last added to."""
    files = [file for archived in archived_segments(folder).values() for file in archived.files]
    last = max((file.stat().st_mtime for file in files), default=0.0)
    return len(archived_segments(folder)), datetime.fromtimestamp(last, UTC)


def content_of(folder: StoreFolder, archived: Archived) -> Iterator[bytes]:
    """The segment at its full length, with zeros where nothing was archived yet. Raises SealBroken."""
    if archived.whole is not None:
        yield from folder.opened(archived.whole)
        return
    content = bytearray(SEGMENT_BYTES)
    for offset, file in archived.slices:
        part = b"".join(folder.opened(file))
        content[offset : offset + len(part)] = part
    yield bytes(content)


class SegmentWriter:
    """Adds to the archive what a receiver has written to its own folder."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._segment: Segment | None = None
        self._up_to = 0
        self._slices = 0
        self.sealed_lsn = 0
        """All before it is in the archive."""

    def add_whole(self, received: Path) -> None:
        """A segment or history that is finished; its slices are not needed any more."""
        self._folder.seal(self._folder.wal / f"{received.name}{SEALED}", _read(received, 0, received.stat().st_size))
        for file in self._folder.wal.glob(f"{received.name}.????????{SEALED}"):
            file.unlink(missing_ok=True)
        if segment := segment_of(received.name):
            self.sealed_lsn = max(self.sealed_lsn, segment.start + SEGMENT_BYTES)

    def add_slice(self, received: Path, segment: Segment, up_to: int) -> None:
        """What there is of `segment` up to that many bytes, where that is more than at the last call."""
        if segment != self._segment:
            # Also at the start: what an earlier process left is written over by a slice that has all of it.
            self._segment, self._up_to, self._slices = segment, 0, 0
        if up_to <= self._up_to:
            return
        merges = self._slices >= SLICES_MAX
        start = 0 if merges else self._up_to // PAGE_BYTES * PAGE_BYTES
        self._folder.seal(self._slice_file(segment, start), _read(received, start, up_to))
        if merges:
            for file in self._folder.wal.glob(f"{segment.name}.????????{SEALED}"):
                if file != self._slice_file(segment, 0):
                    file.unlink(missing_ok=True)
        self._slices = 1 if merges else self._slices + 1
        self._up_to = up_to
        self.sealed_lsn = max(self.sealed_lsn, segment.start + up_to)

    def _slice_file(self, segment: Segment, offset: int) -> Path:
        return self._folder.wal / f"{segment.name}.{offset:08X}{SEALED}"


def _read(file: Path, start: int, end: int) -> Iterator[bytes]:
    with file.open("rb") as content:
        content.seek(start)
        left = end - start
        while left and (part := content.read(min(left, 1024 * 1024))):
            left -= len(part)
            yield part
