"""An embedded Postgres has its default durability, listens on loopback, demands a password and never runs as root."""

import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import psycopg

from infrastructure.embedded.errors import HomeUnusable, PasswordFileInvalid, ServerFailed
from infrastructure.embedded.home import LOGS, POSTGRES_DATA
from infrastructure.embedded.orphan import stop_orphan
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.private_files import kept_password, sync_folder, write_private
from infrastructure.embedded.privileges import (
    Account,
    data_account,
    give_to,
    give_tree_to,
    initdb_account,
    may_be_taken_over,
)
from infrastructure.embedded.process import ChildProcess
from infrastructure.embedded.roles import Role, give_database, prepare_roles
from infrastructure.embedded.runtime import postgres_binaries
from infrastructure.embedded.server import EmbeddedServer
from infrastructure.embedded.superuser import SUPERUSER, SuperuserPassword

_DATABASE = "tallystick"
CONNECTIONS_USUAL = 100
# Bounds the WAL that is kept for an absent archive or standby: after that its slot becomes invalid, and the disk does
# not fill.
_DEFAULTS = {
    "shared_buffers": "128MB",
    "max_slot_wal_keep_size": "8GB",
    # pg_rewind of a former primary needs wal_log_hints or data checksums; most of our data folders have checksums.
    "wal_log_hints": "on",
}
# No variable of our environment is passed on: PGDATA or PGOPTIONS would change the server. TZ spares initdb a search.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_INITDB_TIMEOUT_S = 120.0
STANDBY_SIGNAL = "standby.signal"
REWINDING = "postgres.rewinding"
"""A marker file that exists while pg_rewind works on a former primary."""
_FENCED = "default_transaction_read_only"
"""A setting that only a failover changes."""
_REFUSED_LOGIN = "password authentication failed"
_NOT_OF_THESE_DATA = "holds another password than the one that the data know: restore the file that belongs to them"
_DATABASE_EXISTS = "SELECT 1 FROM pg_database WHERE datname = 'tallystick'"
_CREATE_DATABASE = "CREATE DATABASE tallystick"


class EmbeddedPostgres(EmbeddedServer):
    """Postgres 18 over `<home>/postgres`, with the database `tallystick` and one URL for each role.

    A `connections_max` below CONNECTIONS_USUAL is raised to CONNECTIONS_USUAL. `settings` are further server settings,
    name to value. fsync, full_page_writes and synchronous_commit stay on unless `settings` change them. After a crash,
    `start` includes recovery; therefore `ready_timeout_s` is long.
    """

    name = "postgres"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast shutdown; immediate shutdown, which leaves a recovery
    # The backends of a killed server hold its shared memory until each backend notices the end of the server.
    passing_failures = (*EmbeddedServer.passing_failures, "pre-existing shared memory block")

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = {},
        connections_max: int = CONNECTIONS_USUAL,
        ready_timeout_s: float = 120.0,
        stop_timeout_s: float = 20.0,
    ) -> None:
        super().__init__(home, port=port, ready_timeout_s=ready_timeout_s, stop_timeout_s=stop_timeout_s)
        self._settings = {"max_connections": str(max(connections_max, CONNECTIONS_USUAL)), **settings}
        self._data = self.home / POSTGRES_DATA
        self._password_file = self.home / "postgres.password"
        self._passwords: dict[str, str] = {}
        self._account: Account | None = None

    @property
    def url(self) -> str:
        """URL of the application's role."""
        return self._url(self.port, _DATABASE, Role.APP)

    @property
    def owner_url(self) -> str:
        """URL of the schema owner, for migrations."""
        return self._url(self.port, _DATABASE, Role.OWNER)

    @property
    def reader_url(self) -> str:
        """URL of the role that may only read."""
        return self._url(self.port, _DATABASE, Role.READER)

    @property
    def replication_url(self) -> str:
        """URL for copies of the server.

        The URL names an empty database, in which the role may query the progress of its copies.
        """
        return self._url(self.port, "postgres", Role.REPLICATOR)

    @property
    def superuser_url(self) -> str:
        """URL of the superuser, for tests and tools that create databases; no product process receives this URL."""
        return self._url(self.port, _DATABASE, SUPERUSER)

    def _url(self, port: int, database: str, role: str) -> str:
        assert self._passwords, "postgres has no URL before its first start"
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{port}/{database}"

    def _prepare(self) -> None:
        stop_orphan(
            self._data / "postmaster.pid",
            "postgres",
            self._data,
            signals=self.stop_signals,
            timeout_s=self._stop_timeout_s,
        )
        self._account = data_account(self._data)
        if self._data.exists() and not self._password_file.exists():
            reason = f"{self._password_file} is gone, so nobody can log in to {self._data}; restore it"
            raise HomeUnusable(self.home, reason)
        self._superuser = SuperuserPassword(self._password_file)
        self._passwords = {
            SUPERUSER: kept_password(self._password_file),
            **{role: kept_password(self.home / f"postgres.{role.name.lower()}.password") for role in Role},
        }
        self._binaries = postgres_binaries(self.home, self._account)
        if self._data.exists():
            self._take_data_over()
        self._prepare_data()

    def _prepare_data(self) -> None:
        """Prepare the data folder. Raises HomeUnusable where a start on the data would create a second primary."""
        self._refuse_half_rewound()
        if not self._data.exists():
            self._create_data_folder()
        elif (self._data / STANDBY_SIGNAL).exists():
            raise HomeUnusable(self.home, f"{self._data} is a standby's: `tallystick failover` makes it the primary")
        elif _FENCED in (self._data / "postgresql.auto.conf").read_text():
            reason = (
                f"another has taken over from {self._data}: `tallystick standby` makes it a standby of the new primary"
            )
            raise HomeUnusable(self.home, reason)

    def _refuse_half_rewound(self) -> None:
        if (self.home / REWINDING).exists():
            raise HomeUnusable(
                self.home,
                f"{self._data} was left half rewound: move it and {REWINDING} away, and `tallystick standby` copies it "
                "anew",
            )

    def _take_data_over(self) -> None:
        """Give data of another account to the account that Postgres runs as. Raises HomeUnusable."""
        owner = self._data.stat().st_uid
        if self._account is None or owner == self._account.user_id:
            return
        if not may_be_taken_over(owner):
            reason = f"{self._data} belongs to user id {owner}: start it as that user, or give it to root (chown -R)"
            raise HomeUnusable(self.home, reason)
        give_tree_to(self._account, self._data)

    def _create_data_folder(self) -> None:
        """Run initdb in a temporary folder and rename the result, so that the data folder is complete or absent.

        Only the group of the account that owns the data may pass through the temporary folder.
        """
        account = initdb_account(self._account)
        if self._account is not None and account is None:
            raise HomeUnusable(self.home, "this system has no user `nobody`; make a system user `tallystick`")
        closed = self._make_closed_folder()
        unfinished, password_file = closed / "data", closed / "password"
        unfinished.mkdir(mode=0o700)
        give_to(account, unfinished)
        write_private(password_file, self._passwords[SUPERUSER], account)
        self._initdb(unfinished, password_file, account)
        if self._account is not None:
            give_tree_to(self._account, unfinished)
        unfinished.rename(self._data)
        sync_folder(self.home)
        shutil.rmtree(closed)

    def _make_closed_folder(self) -> Path:
        closed = self._data.with_name("postgres.tmp")
        if closed.exists():
            shutil.rmtree(closed)
        closed.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(closed, 0, self._account.group_id)
            closed.chmod(0o710)
        return closed

    def _initdb(self, data: Path, password_file: Path, account: Account | None) -> None:
        """Run initdb on `data`. Raises ServerFailed."""
        initdb = ChildProcess(
            "initdb",
            [
                *(self._binaries / "initdb", "--pgdata", data, "--username", SUPERUSER),
                *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--no-locale"),
            ],
            log=self.home / LOGS / "initdb.log",
            env=_ENVIRONMENT,
            cwd=self.home,
            account=account,
        )
        initdb.start()
        try:
            with suppress(TimeoutExpired):
                initdb.wait(_INITDB_TIMEOUT_S)
        finally:
            initdb.terminate()
        if initdb.poll() != 0:
            raise ServerFailed(initdb.name, initdb.log_tail())

    def _command(self, port: int) -> ChildProcess:
        only_on_loopback = {"listen_addresses": LOOPBACK, "port": str(port), "unix_socket_directories": ""}
        settings = {**self._server_settings(), **only_on_loopback}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ChildProcess(
            self.name,
            [self._binaries / "postgres", "-D", self._data, *options],
            log=self.log,
            log_limits=self.log_limits,
            env=_ENVIRONMENT,
            cwd=self.home,
            account=self._account,
            stop_signals=self.stop_signals,
        )

    def _server_settings(self) -> dict[str, str]:
        return {**_DEFAULTS, **self._settings}

    def _answers(self, port: int) -> bool:
        """Whether our database can be used.

        The first answer of a server triggers the setup of its roles and the creation of the database.
        """
        try:
            with self._log_in(port) as superuser:
                self._passwords[SUPERUSER] = self._superuser.settle(superuser, self._passwords[SUPERUSER])
                prepare_roles(superuser, {role: self._passwords[role] for role in Role})
                if superuser.execute(_DATABASE_EXISTS).fetchone() is None:
                    superuser.execute(_CREATE_DATABASE)
            with self._connect(port, _DATABASE) as superuser:
                give_database(superuser, _DATABASE)
        except psycopg.OperationalError as error:  # not listening yet, or still recovering
            if _REFUSED_LOGIN in str(error) and self._takes_connections():
                raise PasswordFileInvalid(self._password_file, _NOT_OF_THESE_DATA) from error
            return False
        return True

    def _takes_connections(self) -> bool:
        """Whether the server that answers on the port is ours, and not another server that took the port first."""
        try:
            pid, *_, status = (self._data / "postmaster.pid").read_text().split()
        except (FileNotFoundError, ValueError):
            return False
        return pid == str(self.pid) and status == "ready"

    def _log_in(self, port: int) -> psycopg.Connection[Any]:
        """A superuser session, with the first password that the server accepts. Raises psycopg.OperationalError."""
        *others, last = self._superuser.candidates
        for self._passwords[SUPERUSER] in others:
            try:
                return self._connect(port)
            except psycopg.OperationalError as error:
                # A server that only timed out may know this password, and would refuse the next one.
                if _REFUSED_LOGIN not in str(error):
                    raise
        self._passwords[SUPERUSER] = last
        return self._connect(port)

    def _connect(self, port: int, database: str = "postgres") -> psycopg.Connection[Any]:
        """A superuser session that waits for no standby, because each start repeats the work done in the session."""
        url = self._url(port, database, SUPERUSER)
        return psycopg.connect(url, connect_timeout=2, autocommit=True, options="-c synchronous_commit=local")
