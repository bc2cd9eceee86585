"""The folder in which server processes leave their counts for one another: fresh for each server, and gone with it."""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
YOUNG_S = 60
_PREFIX = "tallystick-metrics-"

log = logging.getLogger(__name__)


@contextmanager
def metrics_folder(parent: Path) -> Iterator[Path]:
    """A folder in `parent`, or else among the system's temporary files, named in the environment of processes started
    meanwhile. A server without either serves all the same, and counts nothing."""
    folder = _made_in(parent)
    descriptor = None
    if folder.exists():
        descriptor = os.open(folder, os.O_RDONLY)
        # The kernel frees it however we end: by it the next server tells our folder from one that was left behind.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def _made_in(parent: Path) -> Path:
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_abandoned(parent)
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        log.warning("metrics_folder_unusable", extra={"folder": str(parent), "error": error.strerror})
    try:
        return Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        log.warning("metrics_not_counted", extra={"error": error.strerror})
    return parent / f"{_PREFIX}none"


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of servers that were killed; a young folder may not be locked by its owner yet."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < YOUNG_S:
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
