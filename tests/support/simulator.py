"""The simulator as a real process for tests: started on a free port, killed and restarted on the same one."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HOST: Final = "127.0.0.1"
DEADLINE_S: Final = 15.0
POLL_S: Final = 0.02
PORTS: Final = range(20_000, 32_000)
"""Below the ephemeral ports, so that no outgoing connection takes one while its simulator is down."""
MAIN: Final = """
import sys
from pathlib import Path
from infrastructure.simulator.server import run
run(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
"""


class SimulatorProcess:
    """One simulator with its books in the folder `data`; `environment` adds to the process's variables."""

    def __init__(self, data: Path, **environment: str) -> None:
        self._data = data
        self._environment = os.environ | environment
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data / "simulator.log"
        self.port = free_port()
        self.base_url = f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The supervising process, not the worker that serves. Raises AssertionError when nothing runs."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start on this simulator's port and wait until it serves. Raises AssertionError with its log otherwise."""
        assert not self.is_listening(), f"port {self.port} is in use"
        self._data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", MAIN, HOST, str(self.port), str(self._data)],
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until(lambda: not self._is_running() or self.is_serving(), "the simulator serves")
            assert self._is_running(), f"the simulator ended:\n{self.log.read_text()}"
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9 all of it, and wait until nothing serves; harmless when nothing runs."""
        if self._process is not None:
            # The group outlives its leader: a worker without its supervisor is still in it.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            wait_until(lambda: not self.is_listening(), "the killed simulator's port closes")

    def restart(self) -> None:
        """kill -9, then start again on the same port and books."""
        self.kill()
        self.start()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(DEADLINE_S)

    def is_listening(self) -> bool:
        """Whether the port takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def is_serving(self) -> bool:
        """Whether /health answers 200."""
        connection = HTTPConnection(HOST, self.port, timeout=1.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None


@contextmanager
def running_simulator(data: Path, **environment: str) -> Iterator[str]:
    """The base URL of a simulator that runs for as long as the block."""
    with SimulatorProcess(data, **environment) as simulator:
        yield simulator.base_url


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Poll until `holds()`. Raises AssertionError after DEADLINE_S."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(POLL_S)


def free_port() -> int:
    """A port on which nothing listens."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) != 0:
                return port
    raise AssertionError("no free port")
