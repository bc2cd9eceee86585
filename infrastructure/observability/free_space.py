"""The room left on the disk of our data, if that is on this machine."""

import os
from pathlib import Path
from typing import Final

FREE_BYTES_MIN: Final = 1 << 30
"""The room below which an operator is alarmed, in time to act."""

WAL_SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""The size of a WAL segment; a Postgres without room for the next one ends."""


def is_full(folder: Path) -> bool:
    """Whether a Postgres in that folder may have ended for want of room."""
    free = free_bytes(folder)
    return free is not None and free < WAL_SEGMENT_BYTES


def free_bytes(folder: Path) -> int | None:
    """The bytes that a user other than root can still write to the disk of `folder`; None without such a folder."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
