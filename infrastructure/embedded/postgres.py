"""A Postgres of our own: durable as by default, on loopback, behind a password, never as root."""

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

import psycopg

from infrastructure.embedded.errors import HomeUnusable, ServerFailed
from infrastructure.embedded.home import LOGS
from infrastructure.embedded.orphan import stop_orphan
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.private_files import kept_password, sync_folder
from infrastructure.embedded.privileges import give_to, postgres_account
from infrastructure.embedded.process import ChildProcess
from infrastructure.embedded.runtime import postgres_binaries
from infrastructure.embedded.server import EmbeddedServer

_NAME = "tallystick"
_DEFAULTS = {"max_connections": "100", "shared_buffers": "128MB"}
# Of our environment nothing is passed on: PGDATA or PGOPTIONS would change the server, and TZ saves initdb a search.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_INITDB_TIMEOUT_S = 120.0
_DATABASE_EXISTS = "SELECT 1 FROM pg_database WHERE datname = 'tallystick'"
_CREATE_DATABASE = "CREATE DATABASE tallystick"


class EmbeddedPostgres(EmbeddedServer):
    """Postgres 18 over `<home>/postgres`, its role and database both named `tallystick`.

    `settings` are further server settings, name to value. fsync, full_page_writes and synchronous_commit stay on
    unless they say otherwise. After a crash, `start` includes recovery: hence the long `ready_timeout_s`.
    """

    name = "postgres"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast shutdown; immediate shutdown, which leaves a recovery
    # Backends of a killed server hold its shared memory until each notices.
    passing_failures = (*EmbeddedServer.passing_failures, "pre-existing shared memory block")

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = {},
        ready_timeout_s: float = 120.0,
        stop_timeout_s: float = 20.0,
    ) -> None:
        super().__init__(home, port=port, ready_timeout_s=ready_timeout_s, stop_timeout_s=stop_timeout_s)
        self._settings = settings
        self._data = self.home / "postgres"
        self._password = ""
        self._account = postgres_account()

    @property
    def url(self) -> str:
        assert self._password, "postgres has no URL before its first start"
        return self._url(self.port, _NAME)

    def _url(self, port: int, database: str) -> str:
        return f"postgresql://{_NAME}:{self._password}@{LOOPBACK}:{port}/{database}"

    def _prepare(self) -> None:
        stop_orphan(
            self._data / "postmaster.pid",
            "postgres",
            self._data,
            signals=self.stop_signals,
            timeout_s=self._stop_timeout_s,
        )
        password_file = self.home / "postgres.password"
        if self._data.exists() and not password_file.exists():
            raise HomeUnusable(self.home, f"{password_file} is gone, so nobody can log in to {self._data}; restore it")
        self._password = kept_password(password_file, self._account)
        self._binaries = postgres_binaries(self.home, self._account)
        if not self._data.exists():
            self._create_data_folder(password_file)

    def _create_data_folder(self, password_file: Path) -> None:
        """initdb beside the place and rename, so that the data folder is whole or absent."""
        unfinished = self._data.with_name("postgres.tmp")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        give_to(self._account, unfinished)
        initdb = ChildProcess(
            "initdb",
            [
                *(self._binaries / "initdb", "--pgdata", unfinished, "--username", _NAME),
                *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--no-locale"),
            ],
            log=self.home / LOGS / "initdb.log",
            env=_ENVIRONMENT,
            cwd=self.home,
            account=self._account,
        )
        initdb.start()
        try:
            with suppress(TimeoutExpired):
                initdb.wait(_INITDB_TIMEOUT_S)
        finally:
            initdb.terminate()
        if initdb.poll() != 0:
            raise ServerFailed(initdb.name, initdb.log_tail())
        unfinished.rename(self._data)
        sync_folder(self.home)

    def _command(self, port: int) -> ChildProcess:
        only_on_loopback = {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": ""}
        settings = {**_DEFAULTS, **self._settings, **only_on_loopback}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ChildProcess(
            self.name,
            [self._binaries / "postgres", "-D", self._data, *options],
            log=self.log,
            env=_ENVIRONMENT,
            cwd=self.home,
            account=self._account,
            stop_signals=self.stop_signals,
        )

    def _answers(self, port: int) -> bool:
        """Whether our database can be used; the first answer of a new server makes it."""
        try:
            with psycopg.connect(self._url(port, "postgres"), connect_timeout=2, autocommit=True) as connection:
                if connection.execute(_DATABASE_EXISTS).fetchone() is None:
                    connection.execute(_CREATE_DATABASE)
        except psycopg.OperationalError:  # not listening yet, or still recovering
            return False
        return True
