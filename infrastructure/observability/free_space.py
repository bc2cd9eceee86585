"""How much room is left where our data are, if that is on this machine."""

import os
from pathlib import Path
from typing import Final

FREE_BYTES_MIN: Final = 1 << 30
"""Less is an alarm, while there is time to do something."""


def free_bytes(folder: Path) -> int | None:
    """Of the file system of `folder`, for whoever is not root; None where there is no such folder."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
