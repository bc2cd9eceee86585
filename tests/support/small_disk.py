"""A file system with little room, and one that has none."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BALLAST = "ballast"


def may_mount() -> bool:
    """Whether this process may mount anything: root, with the capability, as CI is."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@contextmanager
def small_disk(at: Path, *, size_mib: int) -> Iterator[Path]:
    """A file system of its own at `at`, which is made if need be, for as long as the block runs."""
    at.mkdir(parents=True, exist_ok=True)
    options = f"size={size_mib}m,mode=0711"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tallystick-small-disk", at], check=True)
    try:
        yield at
    finally:
        # Lazily: a process that is ending may still have a file of it open.
        subprocess.run(["umount", "--lazy", at], check=True)


def fill(disk: Path, *, but_bytes: int = 0) -> None:
    """Take all the room there is on `disk`, but so much of it."""
    room = os.statvfs(disk)
    free = room.f_bavail * room.f_frsize - but_bytes
    with (disk / BALLAST).open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, max(free, 1))


def make_room(disk: Path) -> None:
    """Give back what `fill` took."""
    (disk / BALLAST).unlink(missing_ok=True)
