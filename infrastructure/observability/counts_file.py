"""The file in which a process keeps its counts: a disk without room costs counts for a while, and never the process.

The library's own maps the file into memory and lets it grow without blocks: the first count that finds no block is
then a SIGBUS. Here every block is allocated before it is used, and written to by system calls, which return an error.
"""

import asyncio
import os
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar, Final
from weakref import WeakSet

from prometheus_client.mmap_dict import MmapedDict

BYTES_FIRST: Final = 1 << 18
"""Room for about a thousand values. Each time it does not suffice, the file is made twice as long."""
ALLOCATE_AGAIN_AFTER_S: Final = 5.0
WRITTEN_AFTER_S: Final = 0.1
"""The time after which counts made in an event loop are written, together: a request makes about ten."""
_USED: Final = struct.Struct("i4x")
_VALUE: Final = struct.Struct("dd")
_NOTHING: Final = (0.0, 0.0)


class CountsFile:
    """Takes the place of prometheus_client's MmapedDict, in the same format. Not thread-safe.

    A value for which there is no room is left out, and is there again, whole, with the first count after there is.
    """

    left_out = 0
    """The number of values of this process that could not be written."""
    _open: ClassVar[WeakSet["CountsFile"]] = WeakSet()

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._descriptor: int | None = None
        self._positions: dict[str, int] = {}
        self._used = _USED.size
        self._allocated = 0
        self._allocate_at = 0.0
        self._waiting: dict[int, tuple[float, float]] = {}
        """The values that the event loop is yet to write, by position."""
        self._loop: asyncio.AbstractEventLoop | None = None
        CountsFile._open.add(self)

    @classmethod
    def write_all(cls) -> None:
        """Write the waiting counts of every file of this process."""
        for file in cls._open:
            file.write_waiting()

    def read_value(self, key: str) -> tuple[float, float]:
        """The value and its time stamp: nothing for one that is new."""
        position = self._position(key)
        if position is None or self._descriptor is None:
            return _NOTHING
        if (waiting := self._waiting.get(position)) is not None:
            return waiting
        value, stamp = _VALUE.unpack(os.pread(self._descriptor, _VALUE.size, position))
        return value, stamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        position = self._position(key)
        if position is None:
            CountsFile.left_out += 1
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._waiting.pop(position, None)
            self._write_value(position, value, timestamp)
            return
        if not self._waiting or self._loop is not loop:
            self._loop = loop
            loop.call_later(WRITTEN_AFTER_S, self.write_waiting)
        self._waiting[position] = (value, timestamp)

    def write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for position, (value, timestamp) in waiting.items():
            self._write_value(position, value, timestamp)

    def close(self) -> None:
        self.write_waiting()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write_value(self, position: int, value: float, timestamp: float) -> None:
        if not self._write(position, _VALUE.pack(value, timestamp)):
            CountsFile.left_out += 1

    def _position(self, key: str) -> int | None:
        """The position of a value; None while the disk has no room for it."""
        position = self._positions.get(key)
        return self._add(key) if position is None else position

    def _add(self, key: str) -> int | None:
        encoded = key.encode()
        padded = encoded + b" " * (8 - (len(encoded) + 4) % 8)
        entry = struct.pack(f"i{len(padded)}sdd", len(encoded), padded, *_NOTHING)
        if not self._has_room(self._used + len(entry)):
            return None
        # The entry before the number that makes readers look for it.
        if not (self._write(self._used, entry) and self._write(0, _USED.pack(self._used + len(entry)))):
            return None
        self._used += len(entry)
        position = self._positions[key] = self._used - _VALUE.size
        return position

    def _has_room(self, needed: int) -> bool:
        if needed <= self._allocated:
            return True
        if time.monotonic() < self._allocate_at:
            return False
        wanted = max(self._allocated, BYTES_FIRST)
        while wanted < needed:
            wanted *= 2
        try:
            self._allocate(wanted)
        except OSError:
            self._allocate_at = time.monotonic() + ALLOCATE_AGAIN_AFTER_S
            return False
        return True

    def _allocate(self, size: int) -> None:
        """Raises OSError."""
        if self._descriptor is None:
            self._descriptor = self._created(size)
            # A process of the same id may have been here before.
            for key, _, _, position in _values_in(self._filename):
                self._positions[key] = position
                self._used = position + _VALUE.size
        os.posix_fallocate(self._descriptor, 0, size)
        self._allocated = size

    def _created(self, size: int) -> int:
        """Create the file with its blocks, or no file: a file without blocks cannot be read. Raises OSError."""
        descriptor = os.open(self._filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            os.close(descriptor)
            if os.path.getsize(self._filename) == 0:
                os.unlink(self._filename)
            raise
        return descriptor

    def _write(self, position: int, data: bytes) -> bool:
        """Whether the bytes were written: a file system that copies on write may find no room for allocated blocks."""
        if self._descriptor is None:
            return False
        with suppress(OSError):
            return os.pwrite(self._descriptor, data, position) == len(data)
        return False


def _values_in(filename: str) -> Iterable[tuple[str, float, float, int]]:
    """Each value's key, value, time stamp and position."""
    values: Iterable[tuple[str, float, float, int]] = MmapedDict.read_all_values_from_file(filename)  # type: ignore[no-untyped-call]
    return values
