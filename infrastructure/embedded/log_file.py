"""The log of a program is bounded: files have a size limit, and only a fixed number of files is kept."""

# The log is cut off while the program writes to it. The program keeps its open file and takes no part: the supervisor
# copies the content to another file, then empties the log. A pipe instead would block the program as soon as its reader
# stops. Lines that the program writes between the end of the copy and the emptying are lost.

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

LOOK_EVERY_S: Final = 1.0


class LogLimits(NamedTuple):
    """The size limit of one file, and the number of files.

    A file can pass `bytes_max` by the bytes that are written between two checks (see LOOK_EVERY_S).
    """

    bytes_max: int = 10 * 1024 * 1024
    files_max: int = 5


LOG_LIMITS: Final = LogLimits()


class LogFile:
    """The log `NAME` and the older `NAME.1` (the youngest of them) up to `NAME.4` where five files are kept.

    Only one process may cut off the log.
    """

    def __init__(self, path: Path, limits: LogLimits) -> None:
        self.path = path
        self._limits = limits
        self._unfinished = path.with_name(f"{path.name}.tmp")

    def open(self) -> int:
        """A descriptor that appends to the log, for a child that may not open the file itself. Raises OSError."""
        self._unfinished.unlink(missing_ok=True)
        self.cut_off_if_long()
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def cut_off_if_long(self) -> bool:
        """Cut off the log if the log is too long; True if it was cut off.

        On a full disk the log stays unchanged, and cannot grow either.
        """
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
            # Bytes that arrived during the first copy.
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
