"""How much room is left where our data are, if that is on this machine."""

import os
from pathlib import Path
from typing import Final

FREE_BYTES_MIN: Final = 1 << 30
"""Less is an alarm, while there is time to do something."""

WAL_SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A Postgres that needs the next one, and has no room for it, ends."""


def is_full(folder: Path) -> bool:
    """Whether a Postgres there may have ended for want of room."""
    free = free_bytes(folder)
    return free is not None and free < WAL_SEGMENT_BYTES


def free_bytes(folder: Path) -> int | None:
    """Of the file system of `folder`, for whoever is not root; None where there is no such folder."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
