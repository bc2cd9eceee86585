"""A lock is held, and freed, on a full disk too."""

import errno
import os
from pathlib import Path

import pytest

from infrastructure.embedded.errors import HomeInUse
from infrastructure.embedded.lock import FileLock


def test_a_full_disk_prevents_no_lock_and_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_descriptor: int, _bytes: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", no_room)
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    lock.acquire()
    with pytest.raises(HomeInUse, match="in use by another process"):
        other.acquire()
    lock.release()
    other.acquire()
    other.release()
