"""A file system with little room, and one that has none."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


def fill(disk: Path) -> None:
    """Take all the room there is on `disk`, however others write there meanwhile."""
    room = os.statvfs(disk)
    with (disk / BALLAST).open("wb", buffering=0) as ballast, suppress(OSError):
        os.posix_fallocate(ballast.fileno(), 0, max(room.f_bavail // 2, 1) * room.f_frsize)
        ballast.seek(0, os.SEEK_END)
        while True:
            ballast.write(bytes(room.f_frsize))


def make_room(disk: Path) -> None:
    """Give back what `fill` took."""
    (disk / BALLAST).unlink(missing_ok=True)
