"""Every embedded server starts, stops and dies by the same steps: lock, leftovers, port, readiness."""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from infrastructure.embedded.errors import PortUnavailable, ServerFailed
from infrastructure.embedded.home import LOGS, prepare_home
from infrastructure.embedded.lock import FileLock
from infrastructure.embedded.log_file import LOG_LIMITS
from infrastructure.embedded.ports import free_port, is_free
from infrastructure.embedded.process import ChildProcess

_POLL_S = 0.02
_RETRY_S = 0.1
_PORT_PATIENCE_S = 1.0


class EmbeddedServer(ABC):
    """One server over one data folder; after a stop or a kill it can be started again on the same port."""

    name: str
    stop_signals: Sequence[signal.Signals]
    passing_failures: Sequence[str] = ("ddress already in use",)
    """Log texts of a failed start that a second try can mend."""

    log_limits = LOG_LIMITS
    """The limits of the log file; to be set before the server starts."""

    def __init__(self, home: Path, *, port: int | None, ready_timeout_s: float, stop_timeout_s: float) -> None:
        self.home = home.expanduser().resolve()
        self.log = self.home / LOGS / f"{self.name}.log"
        self._port = port
        self._ready_timeout_s = ready_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._lock = FileLock(self.home / f"{self.name}.lock")
        self._child: ChildProcess | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def port(self) -> int:
        """The port, chosen at the first start unless given, and kept from then on."""
        assert self._port is not None, f"{self.name} has no port before its first start"
        return self._port

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} has not been started"
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def start(self) -> None:
        """Start the server and return when the server answers; nothing happens while the server runs.

        The server ends with the thread that calls `start` (see `ChildProcess`). Raises an `EmbeddedError`.
        """
        if self.running:
            return
        self.stop()  # a server that ended without `stop` still has its lock
        prepare_home(self.home)
        self._lock.acquire()
        try:
            self._prepare()
            self._launch()
        except BaseException:  # also on Ctrl-C
            self.stop()
            raise

    def stop(self) -> None:
        """End the server in order, after a timeout by force; nothing happens when the server is not running."""
        if self._child is not None:
            self._child.terminate(self._stop_timeout_s)
        self._lock.release()

    def kill(self) -> None:
        """End the server with SIGKILL, as in a crash."""
        if self._child is not None:
            self._child.kill()
        self._lock.release()

    @abstractmethod
    def _prepare(self) -> None:
        """Prepare everything but the process; the lock is held."""

    @abstractmethod
    def _command(self, port: int) -> ChildProcess: ...

    @abstractmethod
    def _answers(self, port: int) -> bool: ...

    def _launch(self) -> None:
        deadline = time.monotonic() + self._ready_timeout_s
        ready = False
        while not ready:
            port = self._port or free_port()
            _wait_until_free(port)
            self._child = self._command(port)
            self._child.start()
            ready = self._becomes_ready(self._child, port, deadline)
        self._port = port

    def _becomes_ready(self, child: ChildProcess, port: int, deadline: float) -> bool:
        """True when the server answers, False when it ended and another try can help.

        Raises `ServerFailed` otherwise.
        """
        while child.running:
            if self._answers(port):
                return True
            if time.monotonic() > deadline:
                raise ServerFailed(self.name, child.log_tail(), f"gave no answer in {self._ready_timeout_s:g} s")
            time.sleep(_POLL_S)
        log_tail = child.log_tail()
        passing = any(failure in log_tail for failure in self.passing_failures)
        if not passing or time.monotonic() > deadline:
            raise ServerFailed(self.name, log_tail)
        time.sleep(_RETRY_S)
        return False


def _wait_until_free(port: int) -> None:
    """Wait until no process listens on `port`. Raises PortUnavailable.

    A server that was just killed can leave a newborn child that has not closed the port yet.
    """
    deadline = time.monotonic() + _PORT_PATIENCE_S
    while not is_free(port):
        if time.monotonic() > deadline:
            raise PortUnavailable(port)
        time.sleep(_POLL_S)
