"""A child process ends when its supervisor ends, for any reason, and ignores a Ctrl-C for the supervisor."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infrastructure.embedded.errors import BinaryMissing
from infrastructure.embedded.log_file import LOG_LIMITS, LOOK_EVERY_S, LogFile, LogLimits
from infrastructure.embedded.privileges import Account

_TAIL_BYTES_MAX = 4096
_PR_SET_PDEATHSIG = 1
# The function is looked up here, because no lookup is safe between fork and exec.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class ChildProcess:
    """One program in a session of its own, whose output goes to a private log file of bounded length.

    `stop_signals` are the signals that ask the program to end, the gentlest first. On Linux the kernel sends the first
    of them when the *thread* that called `start` ends: call `start` from a thread that lives as long as the child
    should (the main thread). `env` is the whole environment of the child; `None` passes our own environment on.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: Account | None = None,
        stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,),
        log_limits: LogLimits = LOG_LIMITS,
    ) -> None:
        self.name = name
        self._command = command
        self._log = LogFile(log, log_limits)
        self._env = env
        self._cwd = cwd
        self._account = account
        self._stop_signals = stop_signals
        self._log_start_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._started.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Run the command. Raises `BinaryMissing` when the program is missing."""
        assert not self.running, f"{self.name} runs already"
        account = self._account
        with os.fdopen(self._log.open(), "ab") as log:
            self._log_start_bytes = log.tell()
            try:
                self._process = subprocess.Popen(  # noqa: S603 - running the caller's command is what this is for
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._env,
                    cwd=self._cwd,
                    start_new_session=True,
                    user=account.user_id if account else None,
                    group=account.group_id if account else None,
                    extra_groups=[] if account else None,
                    preexec_fn=_ending_with_parent(self._stop_signals[0], os.getpid()),
                )
            except (FileNotFoundError, PermissionError) as error:
                raise BinaryMissing(Path(self._command[0])) from error
        threading.Thread(target=self._keep_log_short, args=(self._process,), daemon=True).start()

    def poll(self) -> int | None:
        """The exit status (negative: the number of the signal that ended the child); `None` while the child runs."""
        return self._started.poll()

    def wait(self, timeout_s: float) -> int:
        """The exit status after the child has ended. Raises `subprocess.TimeoutExpired` after `timeout_s`."""
        return self._started.wait(timeout_s)

    def terminate(self, timeout_s: float = 10.0) -> None:
        """Send each stop signal and wait `timeout_s` after each, then kill.

        Nothing happens after the child has ended.
        """
        for stop_signal in self._stop_signals:
            if not self.running:
                return
            self._started.send_signal(stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the whole process group, and wait for the child's end."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._started.wait()

    def log_tail(self) -> str:
        """The last output of this run, at most 4 KiB."""
        with self._log.path.open("rb") as log:
            end_bytes = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start_bytes, end_bytes - _TAIL_BYTES_MAX))
            return log.read().decode(errors="replace").strip()

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} has not been started"
        return self._process

    def _keep_log_short(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            time.sleep(LOOK_EVERY_S)
            if self._log.cut_off_if_long():
                self._log_start_bytes = 0


def _ending_with_parent(stop_signal: signal.Signals, parent_pid: int) -> Callable[[], None] | None:
    if _prctl is None:
        return None
    prctl = _prctl

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent_pid:  # the parent ended before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return before_exec
