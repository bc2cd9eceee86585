"""A program's log is bounded: it is cut off by size while the program writes to it, and only so many are kept.

The program keeps its file, and is asked nothing: what it wrote is copied away, and the file emptied. A pipe in between
would block the program as soon as nobody reads it. What is written in the moment between the two is lost.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

LOOK_EVERY_S: Final = 1.0


class LogLimits(NamedTuple):
    """How long one file grows, but for what is written between two looks, and how many of them there are."""

    bytes_max: int = 10 * 1024 * 1024
    files_max: int = 5


LOG_LIMITS: Final = LogLimits()


class LogFile:
    """`NAME`, and before it `NAME.1`, the youngest, up to `NAME.4` where five are kept. One process cuts it off."""

    def __init__(self, path: Path, limits: LogLimits) -> None:
        self.path = path
        self._limits = limits
        self._unfinished = path.with_name(f"{path.name}.tmp")

    def open(self) -> int:
        """A descriptor that appends to it, for a child that may lack the right to open it. Raises OSError."""
        self._unfinished.unlink(missing_ok=True)
        self.cut_off_if_long()
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def cut_off_if_long(self) -> bool:
        """Whether it was. On a full disk it stays as it is, and cannot grow either."""
        try:
            if self.path.stat().st_size < self._limits.bytes_max:
                return False
            if self._limits.files_max > 1:
                self._copy_away()
            os.truncate(self.path, 0)
        except OSError:
            with suppress(OSError):
                self._unfinished.unlink(missing_ok=True)
            return False
        return True

    def _copy_away(self) -> None:
        with self.path.open("rb") as log, self._unfinished.open("wb") as copy:
            os.fchmod(copy.fileno(), 0o600)
            shutil.copyfileobj(log, copy, 1 << 20)
            self._age()
            copy.flush()
            # What came while that was done.
            shutil.copyfileobj(log, copy)
        self._unfinished.rename(self._older(1))

    def _age(self) -> None:
        oldest = self._limits.files_max - 1
        for beyond in self.path.parent.glob(f"{self.path.name}.*"):
            number = beyond.name.removeprefix(f"{self.path.name}.")
            if number.isdigit() and int(number) >= oldest:
                beyond.unlink()
        for age in range(oldest - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._older(age).rename(self._older(age + 1))

    def _older(self, age: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{age}")
