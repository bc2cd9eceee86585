"""A server that outlived its killed supervisor is stopped before the next server starts on the same data."""

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

    A pid in a file proves nothing: after a crash, the pid may belong to another program. The caller must hold the lock
    of the data.
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
    """Whether the command line of process `pid` is `program` with `argument`.

    Every user may read a command line (that of a zombie is empty); cwd and exe of another user's process need a right.
    """
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(command[0])).name == program and os.fsencode(argument) in command
