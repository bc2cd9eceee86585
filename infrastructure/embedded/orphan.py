"""A server that outlived a killed supervisor is stopped before the next one starts on its data."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from infrastructure.embedded.lock import pid_in

_POLL_S = 0.02


def stop_orphan(
    pid_file: Path, program: str, argument: Path, *, signals: Sequence[signal.Signals], timeout_s: float
) -> None:
    """End the process that `pid_file` names, if it is `program` run with `argument`, and remove the file.

    A number in a pid file says little: after a crash it may belong to anybody. Call this with the data's lock in hand.
    """
    pid = pid_in(pid_file)
    for each in (*signals, signal.SIGKILL):
        if pid is None or not _is_running(pid, program, argument):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, each)
        deadline = time.monotonic() + timeout_s
        while _is_running(pid, program, argument) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    pid_file.unlink(missing_ok=True)


def _is_running(pid: int, program: str, argument: Path) -> bool:
    """By its command line, which everybody may read (a zombie's is empty); another user's cwd and exe need a right."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(command[0])).name == program and os.fsencode(argument) in command
