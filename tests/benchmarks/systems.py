"""Whole systems that are measured side by side, each in processes of its own: a commit of the project, and the toy.

The project is started by its own command line alone (`tallystick dev`), so that any commit which has these commands
runs like this one, whatever its code looks like.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from msgspec import Struct

from infrastructure.embedded.postgres import EmbeddedPostgres
from interfaces.composition import ChildProcess, free_port
from interfaces.runtime.supervisor import HOST, wait_until_listening
from tests.benchmarks.bench import Bench
from tests.benchmarks.load import Load, Loaded, send
from tests.benchmarks.processes import children, cpu_s
from tests.benchmarks.toy.app import TABLE

PROJECT = Path(__file__).parents[2]
MERCHANTS = 4
READY_WITHIN_S, COMMAND_WITHIN_S, STOP_WITHIN_S = 120.0, 60.0, 30.0
COUNTED = ("api", "worker", "postgres", "nats")
"""The parts whose processor time is a system's own; its simulator and the load generator are counted apart."""
LOOK_S, QUIET_CORES, QUIET_WITHIN_S = 0.4, 0.3, 20.0
"""A system is at rest after LOOK_S in which its own parts used less than QUIET_CORES processors."""
_KEY = re.compile(r"^API key +(\S+)", re.MULTILINE)
_SECRET = re.compile(r"^secret +(\S+)", re.MULTILINE)
_POLL_S = 0.05


class CannotRun(Exception):
    """A system did not start, or has not the commands that start it; the message has the end of its output."""


class System(Struct, frozen=True, kw_only=True):
    """A running system: an API that takes the load's payments, and each part's outermost process."""

    url: str
    secrets: list[str]
    parts: dict[str, int]


class Turn(Struct, frozen=True, kw_only=True):
    """One load on one system; `cpu_s` is each part's processor time until the system was at rest again, `drained_s`
    after the last answer."""

    load: Load
    loaded: Loaded
    drained_s: float
    cpu_s: dict[str, float]

    @property
    def captured(self) -> int:
        return len(self.loaded.latencies_ms)

    @property
    def not_captured(self) -> int:
        return sum(self.loaded.statuses.values()) - self.captured

    @property
    def ms_by_part(self) -> dict[str, float]:
        """Processor milliseconds a captured payment."""
        return {part: 1000 * used_s / max(1, self.captured) for part, used_s in self.cpu_s.items()}

    @property
    def own_ms(self) -> float:
        return sum(ms for part, ms in self.ms_by_part.items() if part in COUNTED)


def sell(system: System, rate: float, seconds: float) -> Turn:
    """Send `rate` payments a second for `seconds`, and wait until the system is at rest."""
    load = Load(url=system.url, secrets=system.secrets, rate=rate, seconds=seconds)
    before = cpu_s(system.parts)
    loaded = send(load)
    drained_s = _rest({part: pid for part, pid in system.parts.items() if part in COUNTED})
    used = {part: used_s - before[part] for part, used_s in cpu_s(system.parts).items()}
    return Turn(load=load, loaded=loaded, drained_s=drained_s, cpu_s={**used, "load": loaded.cpu_s})


def _rest(parts: Mapping[str, int]) -> float:
    """Wait until the parts are at rest; the seconds until they were, infinite when that takes longer than
    QUIET_WITHIN_S."""
    began = time.monotonic()
    used_s = sum(cpu_s(parts).values())
    while (started := time.monotonic()) < began + QUIET_WITHIN_S:
        time.sleep(LOOK_S)
        before_s, used_s = used_s, sum(cpu_s(parts).values())
        if (used_s - before_s) / (time.monotonic() - started) < QUIET_CORES:
            return started - began
    return float("inf")


@contextmanager
def project(bench: Bench, folder: Path = PROJECT, python: Path = Path(sys.executable)) -> Iterator[System]:
    """The project in `folder`, everything of it, on data of its own. Raises CannotRun."""
    home = Path(tempfile.mkdtemp(dir=bench.folder))
    home.chmod(0o711)  # Postgres of a root user runs as another, who has to pass
    port = free_port()
    others = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    environment = {**others, "TALLYSTICK_HOME": str(home / "data")}
    command = [str(python), "-m", "interfaces.cli.main"]
    dev = ChildProcess("dev", [*command, "dev", "--port", str(port)], log=home / "dev", env=environment, cwd=folder)
    with _running(dev):
        secrets = [_printed_key(dev, home / "dev")]

        def open_shop(number: int) -> str:
            merchant = _say(folder, environment, [*command, "merchant", "create", f"Merchant {number}"]).strip()
            said = _say(folder, environment, [*command, "key", "create", merchant])
            if secret := _SECRET.search(said):
                return secret[1]
            raise CannotRun(f"`tallystick key create` printed no secret:\n{said}")

        with ThreadPoolExecutor() as threads:
            secrets += threads.map(open_shop, range(1, MERCHANTS))
        yield System(url=f"http://{HOST}:{port}", secrets=secrets, parts=_parts(dev.pid))


@contextmanager
def toy(bench: Bench) -> Iterator[System]:
    """The toy with a Postgres and a simulator of its own, like those of this tree's `tallystick dev`."""
    home = Path(tempfile.mkdtemp(dir=bench.folder))
    port, simulator_port = free_port(), free_port()
    simulator_url = f"http://{HOST}:{simulator_port}"
    postgres = EmbeddedPostgres(home)
    of_simulator = [
        "-m",
        "interfaces.cli.main",
        "simulator",
        "--port",
        str(simulator_port),
        "--data",
        str(home / "sim"),
    ]
    with ExitStack() as stack:
        stack.callback(postgres.stop)
        postgres.start()
        with psycopg.connect(postgres.superuser_url) as connection:
            connection.execute(TABLE)
        of_toy = ["-m", "tests.benchmarks.toy", postgres.superuser_url, simulator_url, str(port)]
        simulator = _python("simulator", of_simulator, home)
        api = _python("toy", of_toy, home)
        for process, at in ((simulator, simulator_port), (api, port)):
            stack.enter_context(_running(process))
            wait_until_listening(process, at)
        parts = {"api": api.pid, "postgres": postgres.pid, "simulator": simulator.pid}
        yield System(url=f"http://{HOST}:{port}", secrets=["none"], parts=parts)


def _python(name: str, arguments: Sequence[str], home: Path) -> ChildProcess:
    others = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    return ChildProcess(name, [sys.executable, *arguments], log=home / f"{name}.log", env=others, cwd=PROJECT)


@contextmanager
def _running(process: ChildProcess) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        process.terminate(STOP_WITHIN_S)


def _printed_key(dev: ChildProcess, log: Path) -> str:
    """The secret that `tallystick dev` prints once everything runs. Raises CannotRun."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and dev.running:
        if printed := _KEY.search(log.read_text()):
            return printed[1]
        time.sleep(_POLL_S)
    raise CannotRun(f"`tallystick dev` printed no API key:\n{dev.log_tail()}")


def _say(folder: Path, environment: Mapping[str, str], command: Sequence[str]) -> str:
    """The standard output of a command of the project. Raises CannotRun."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=COMMAND_WITHIN_S
    )
    if done.returncode != 0:
        raise CannotRun(f"`tallystick {' '.join(command[3:])}` failed:\n{done.stderr or done.stdout}")
    return done.stdout


def _parts(dev_pid: int) -> dict[str, int]:
    """The children of `tallystick dev` by what they are. Raises CannotRun when one of them is not there."""
    words = {
        "api": "serve",
        "worker": "worker",
        "simulator": "simulator",
        "postgres": "postgres",
        "nats": "nats-server",
    }
    parts = {
        part: pid
        for pid, command in children(dev_pid).items()
        for part, word in words.items()
        if word in (Path(command[0]).name, *command[3:4])
    }
    if missing := words.keys() - parts.keys():
        raise CannotRun(f"`tallystick dev` runs no {', '.join(sorted(missing))}")
    return parts
