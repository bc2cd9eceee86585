"""Everything on one machine: the embedded servers, and our own processes over them, started and stopped in order."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Self

import msgspec

from interfaces import composition
from interfaces.runtime.child_environment import plain, starting_with
from interfaces.runtime.settings import (
    VARIABLES,
    Settings,
    as_listener,
    for_children,
    from_environment,
    log_limits,
    to_environment,
)

HOST = "127.0.0.1"
SHARED = "settings.json"
ACCOUNTS = "providers.json"
SIMULATORS = "simulators"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 8.0
_POLL_S = 0.02

log = logging.getLogger(__name__)


class NotReady(Exception):
    """A process of ours is not up, or not yet; the message names the next step."""


@contextmanager
def servers(home: Path, *, connections_max: int = 0) -> Iterator[Settings]:
    """The settings of a running database and bus, until the block is left.

    They are the environment's, or those that another process of ours has embedded under `home`. Otherwise servers
    that the environment does not name are embedded here: restarted when they end, and stopped afterwards. An embedded
    database takes `connections_max` connections, if that is more than usual. Raises EmbeddedError, NotReady.
    """
    if all(os.environ.get(VARIABLES[url]) for url in ("database_url", "nats_url")):
        yield from_environment()
        return
    try:
        with Embedded(home, connections_max=connections_max) as embedded, embedded.revived(log.warning):
            yield embedded.settings
    except composition.HomeInUse:
        yield _shared_settings(home)


class Embedded:
    """Postgres and NATS under one home folder, unless the environment names servers to use instead."""

    def __init__(self, home: Path, *, connections_max: int = 0) -> None:
        self._stack = ExitStack()
        self._connections_max = connections_max
        self._home = composition.embedded_home.Home(home)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.home = stack.enter_context(self._home).path
            shared = self.home / SHARED
            # Left by one that was killed: it names servers that are gone.
            shared.unlink(missing_ok=True)
            limits = composition.LogLimits(*log_limits())
            self.postgres = composition.EmbeddedPostgres(self.home, connections_max=self._connections_max)
            self.nats = composition.EmbeddedNats(self.home)
            self.postgres.log_limits = self.nats.log_limits = limits
            urls = {}
            if not os.environ.get(VARIABLES["database_url"]):
                stack.callback(self.postgres.stop)
                self.postgres.start()
                urls[VARIABLES["database_url"]] = self.postgres.url
                urls[VARIABLES["owner_database_url"]] = self.postgres.owner_url
                urls[VARIABLES["reader_database_url"]] = self.postgres.reader_url
                urls[VARIABLES["replication_url"]] = self.postgres.replication_url
            if not os.environ.get(VARIABLES["nats_url"]):
                stack.callback(self.nats.stop)
                self.nats.start()
                urls[VARIABLES["nats_url"]] = self.nats.url
                urls[VARIABLES["nats_reader_url"]] = self.nats.reader_url
            self.settings = from_environment({**os.environ, **urls})
            stack.callback(shared.unlink, missing_ok=True)
            composition.write_private(shared, msgspec.json.encode(self.settings).decode())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def revived(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """Restart each of our servers that ends, until the block is left; `say` reports every restart."""
        return composition.revived([server for server in (self.postgres, self.nats) if server.running], say)


class Stack:
    """The embedded servers, the simulators, the worker and the API, each in a process of its own.

    `simulators` names the providers, one simulator each, in the order of preference."""

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        simulators: Sequence[str] = ("simulator",),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._embedded = Embedded(home)
        self._port = port
        self._names = simulators
        self._environment = environment or {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.embedded = stack.enter_context(self._embedded)
            home, port = self.embedded.home, self._port or composition.free_port()
            self.url = f"http://{HOST}:{port}"
            self._ports = {name: composition.free_port() for name in self._names}
            self.simulator_urls = {name: f"http://{HOST}:{at}" for name, at in self._ports.items()}
            # New at every start, and known to nobody but the two who sign and verify.
            settings = from_environment({**to_environment(self.embedded.settings), **self._environment})
            webhook_secrets = {name: secrets.token_urlsafe() for name in self._names}
            accounts = home / ACCOUNTS
            composition.write_private(accounts, self._accounts(settings, webhook_secrets))
            self.settings = msgspec.structs.replace(
                settings,
                simulator_url=self.simulator_urls[self._names[0]],
                providers_file=settings.providers_file or str(accounts),
            )
            asyncio.run(composition.check_outside(self.settings))
            self.environment = {
                **os.environ,
                composition.embedded_home.HOME_VARIABLE: str(home),
                **to_environment(for_children(self.settings)),
                **self._environment,
            }
            self.applied = composition.migrate_all(self.settings)
            asyncio.run(composition.refuse_newer(self.settings))
            self.simulators = {
                name: self._simulator(name, self._ports[name], webhook_secrets[name], simulators_folder(home) / name)
                for name in self._names
            }
            self.simulator = self.simulators[self._names[0]]
            self.worker = self.process("worker", ["worker"], **{VARIABLES["metrics_token"]: ""})
            heard = as_listener(self.settings)
            only_listening = {VARIABLES[field]: getattr(heard, field) for field in ("nats_url", "nats_reader_url")}
            self.api = self.process("api", ["serve", "--port", str(port)], **only_listening)
            self.archive = self._archive() if settings.backup_folder else None
            for process in self.processes:
                stack.callback(process.terminate, STOP_WITHIN_S)
                process.start()
            for name, simulator in self.simulators.items():
                wait_until_listening(simulator, self._ports[name])
            wait_until_listening(self.api, port)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def processes(self) -> Sequence[composition.ChildProcess]:
        ours = [self.worker, self.api, *([self.archive] if self.archive else [])]
        return (*self.simulators.values(), *ours)

    def _accounts(self, settings: Settings, webhook_secrets: Mapping[str, str]) -> str:
        """Our account at each simulator, in the form of the providers file."""
        accounts = [
            {
                "name": name,
                "connector": "simulator",
                "url": url,
                "timeout_s": settings.provider_timeout_s,
                "credentials": {"webhook_secret": webhook_secrets[name]},
            }
            for name, url in self.simulator_urls.items()
        ]
        return msgspec.json.encode(accounts).decode()

    def _simulator(self, name: str, port: int, webhook_secret: str, data: Path) -> composition.ChildProcess:
        options = ["--name", name, "--port", str(port), "--data", str(data)]
        told = {
            "TALLYSTICK_SIMULATOR_WEBHOOK_URL": f"{self.url}/v1/provider_webhooks/{name}",
            "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": webhook_secret,
        }
        # Nothing of ours: a provider knows neither our database nor our accounts at others.
        # What it is told goes before the shell's variables: those may be of another simulator.
        prefix = "TALLYSTICK_SIMULATOR_"
        env = plain(os.environ) | starting_with(prefix, os.environ) | told | starting_with(prefix, self._environment)
        return self._command(name, ["simulator", *options], env)

    def _archive(self) -> composition.ChildProcess:
        """The archive process: no other of our processes may copy the server."""
        replication = {VARIABLES["replication_url"]: self.settings.replication_url}
        return self.process("archive", ["backup", "follow"], **replication)

    def simulator_port(self, name: str) -> int:
        """The port of a simulator, also after a restart."""
        return self._ports[name]

    @property
    def logs(self) -> Path:
        return self.embedded.home / "log"

    def process(self, name: str, arguments: list[str], **environment: str) -> composition.ChildProcess:
        """One of our commands on these servers, not started yet; `environment` adds to its variables."""
        return self._command(name, arguments, self.environment | environment)

    def _command(self, name: str, arguments: list[str], env: Mapping[str, str]) -> composition.ChildProcess:
        limits = composition.LogLimits(self.settings.log_bytes_max, self.settings.log_files_max)
        return composition.own_command(name, arguments, log=self.logs / f"{name}.log", env=env, log_limits=limits)


def simulators_folder(home: Path) -> Path:
    """The folder with a folder for each simulator of a stack on `home`. The books that the one simulator of earlier
    versions kept elsewhere are moved there, so that the simulator still knows its charges."""
    folder, former = home / SIMULATORS, home / composition.SIMULATOR
    if former.is_dir() and not folder.exists():
        folder.mkdir(mode=0o700)
        former.rename(folder / former.name)
    return folder


def wait_until_listening(process: composition.ChildProcess, port: int) -> None:
    """Wait until `process` takes connections on `port`. Raises NotReady with the end of its log."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.running:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(_POLL_S)
    raise NotReady(f"{process.name} does not listen on port {port}:\n{process.log_tail()}")


def _shared_settings(home: Path) -> Settings:
    """The settings of the process that holds `home`; the environment's variables override them. Raises NotReady."""
    try:
        written = (home.expanduser().resolve() / SHARED).read_bytes()
    except FileNotFoundError:
        raise NotReady(f"another tallystick is still starting on {home}; try again") from None
    shared = to_environment(msgspec.json.decode(written, type=Settings))
    named = {variable: value for variable in VARIABLES.values() if (value := os.environ.get(variable))}
    if VARIABLES["database_url"] in named:
        # Another database: its owner, its reader and its replicator are not those of the holder's.
        others = ("owner_database_url", "reader_database_url", "replication_url")
        shared |= {VARIABLES[other]: "" for other in others}
    if VARIABLES["nats_url"] in named:
        shared |= {VARIABLES["nats_reader_url"]: ""}
    return from_environment(shared | named)
