"""A file has one lock holder: the kernel frees the exclusive lock, however the holder ends."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from infrastructure.embedded.errors import HomeInUse


class FileLock:
    """The exclusive lock on one file of a home folder; a locked file contains the pid of the holder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock without waiting. Raises `HomeInUse` when another process holds the lock."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise HomeInUse(self._path.parent, pid_in(self._path)) from None
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        # A full disk has no room for the pid, which only tells others whose the lock is.
        with suppress(OSError):
            os.write(descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Free the lock; nothing happens when the lock is not held."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        # Unlock before closing: a child between fork and exec holds a copy of this descriptor.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = None


def pid_in(path: Path) -> int | None:
    """The process id on the first line of a file; `None` when there is no such file or number."""
    try:
        first_line, *_ = path.read_text().split("\n")
        pid = int(first_line)
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid > 0 else None
