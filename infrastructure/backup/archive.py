"""The WAL archive in a backup folder consists of whole segments and of slices of the segment that is being written."""

# A slice holds the pages that came since the previous slice; its name is `<segment>.<offset>`. A finished segment
# replaces its slices.

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from infrastructure.backup.folder import SEALED, StoreFolder
from infrastructure.backup.wal_names import HISTORY, SEGMENT_BYTES, Segment, segment_of

PAGE_BYTES: Final = 8192
SLICES_MAX: Final = 60
"""The largest number of slices of one segment; further slices are merged into one."""
_FILE: Final = re.compile(r"([0-9A-F]{24})(?:\.([0-9A-F]{8}))?\.sealed")


class Slice(NamedTuple):
    offset: int
    file: Path


class Archived(NamedTuple):
    """The archived files of one segment: the whole segment, or slices in the order of their offsets."""

    whole: Path | None
    slices: tuple[Slice, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return (*([self.whole] if self.whole else []), *(each.file for each in self.slices))


def archived_segments(folder: StoreFolder) -> Mapping[Segment, Archived]:
    """The archived files by segment, in the order of timeline and number."""
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
    """The timeline histories, each a small sealed file."""
    files = sorted(folder.wal.iterdir()) if folder.wal.is_dir() else []
    return [file for file in files if HISTORY.fullmatch(file.name.removesuffix(SEALED))]


def archive_extent(folder: StoreFolder) -> tuple[int, datetime]:
    """The number of archived segments, and the time of the last change of the archive."""
    files = [file for archived in archived_segments(folder).values() for file in archived.files]
    last = max((file.stat().st_mtime for file in files), default=0.0)
    return len(archived_segments(folder)), datetime.fromtimestamp(last, UTC)


def content_of(folder: StoreFolder, archived: Archived) -> Iterator[bytes]:
    """The segment at its full length, with zeros in place of the parts that are not archived yet. Raises SealBroken."""
    if archived.whole is not None:
        yield from folder.opened(archived.whole)
        return
    content = bytearray(SEGMENT_BYTES)
    for offset, file in archived.slices:
        part = b"".join(folder.opened(file))
        content[offset : offset + len(part)] = part
    yield bytes(content)


class SegmentWriter:
    """Adds the WAL files that a receiver has written to its own folder to the archive."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._segment: Segment | None = None
        self._up_to = 0
        self._slices = 0
        self.sealed_lsn = 0
        """All WAL before this LSN is in the archive."""

    def add_whole(self, received: Path) -> None:
        """Add a finished segment or history, and remove the slices of that segment."""
        self._folder.seal(self._folder.wal / f"{received.name}{SEALED}", _read(received, 0, received.stat().st_size))
        for file in self._folder.wal.glob(f"{received.name}.????????{SEALED}"):
            file.unlink(missing_ok=True)
        if segment := segment_of(received.name):
            self.sealed_lsn = max(self.sealed_lsn, segment.start + SEGMENT_BYTES)

    def add_slice(self, received: Path, segment: Segment, up_to: int) -> None:
        """Add the first `up_to` bytes of `segment`; nothing happens unless `up_to` is larger than in the last call."""
        if segment != self._segment:
            # Also in the first call: a slice with all bytes so far overwrites the slices of an earlier process.
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
