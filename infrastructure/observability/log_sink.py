"""A log line is one write to standard error; a line that cannot be written is counted, and holds nothing up."""

import atexit
import os
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from queue import Full, Queue
from typing import Final

import msgspec

LINES_WAITING_MAX: Final = 1_000
"""Lines kept for a slow reader at the other end of a pipe."""
LAST_LINES_WITHIN_S: Final = 0.5


class LogSink:
    """A file of bytes that takes a whole line at a time.

    A file is written to at once. A pipe, a socket or a terminal, whose reader may hang, by a thread, which may fall
    LINES_WAITING_MAX lines behind before lines are dropped.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_torn = False
        self._untold = 0
        self._watch: Callable[[], None] = lambda: None
        self._waiting: Queue[bytes] | None = None
        if not _is_written_at_once(descriptor):
            self._waiting = Queue(LINES_WAITING_MAX)
            threading.Thread(target=self._write_behind, args=(self._waiting,), daemon=True, name="log").start()
            atexit.register(self._write_last)

    def watch(self, dropped: Callable[[], None]) -> None:
        """Call `dropped` for every dropped line."""
        self._watch = dropped

    def write(self, line: bytes) -> None:
        if self._waiting is None:
            self._write(line)
            return
        try:
            self._waiting.put_nowait(line)
        except Full:
            self._drop()

    def flush(self) -> None:
        """Nothing is kept back."""

    def _write(self, line: bytes) -> None:
        if not self._is_written(line):
            self._drop()
        elif self._untold:
            untold, self._untold = self._untold, 0
            self._is_written(_told(untold))

    def _is_written(self, line: bytes) -> bool:
        """A line that only began to be written is ended before the next."""
        whole = b"\n" + line if self._is_torn else line
        try:
            written = os.write(self._descriptor, whole)
        except OSError:
            return False
        self._is_torn = written < len(whole)
        return not self._is_torn

    def _drop(self) -> None:
        self._untold += 1
        self._watch()

    def _write_behind(self, waiting: Queue[bytes]) -> None:
        while True:
            self._write(waiting.get())

    def _write_last(self) -> None:
        """Write the remaining lines as the process ends, for a bounded time."""
        assert self._waiting is not None
        deadline = time.monotonic() + LAST_LINES_WITHIN_S
        while not self._waiting.empty() and time.monotonic() < deadline:
            time.sleep(0.005)


def _is_written_at_once(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it is closed: nobody is waited for
        return True
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor))


def _told(lines: int) -> bytes:
    note = {
        "event": "log_lines_dropped",
        "level": "warning",
        "lines": lines,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    return msgspec.json.encode(note) + b"\n"
