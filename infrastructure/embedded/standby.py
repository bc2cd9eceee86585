"""A standby is a copy with its own home that follows a primary; a former primary rejoins with pg_rewind."""

import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import psycopg

from infrastructure.embedded.errors import HomeUnusable, ServerFailed
from infrastructure.embedded.home import LOGS
from infrastructure.embedded.ports import LOOPBACK, free_port
from infrastructure.embedded.postgres import REWINDING, STANDBY_SIGNAL, EmbeddedPostgres
from infrastructure.embedded.primary import (
    Address,
    Stream,
    await_standbys,
    awaited,
    drop_slots,
    find_primary,
    keep_slot,
    stream_of,
    superuser_at,
)
from infrastructure.embedded.private_files import sync_folder, write_private
from infrastructure.embedded.privileges import give_to
from infrastructure.embedded.process import ChildProcess
from infrastructure.embedded.roles import Role
from infrastructure.embedded.superuser import SUPERUSER

STANDING = "standby.json"
_COPY_TIMEOUT_S: Final = 24 * 3600.0
_REWIND_TIMEOUT_S: Final = 3600.0
_SHUT_DOWN: Final = ("shut down", "shut down in recovery")
_POLL_S: Final = 0.02
_RETRY_INTERVAL: Final = {"wal_retrieve_retry_interval": "100ms"}
"""Limits the extra time of a promotion while the standby waits for its primary; the default would be 5 s."""


class Standing(msgspec.Struct, frozen=True):
    """The standby's record in its home: its name, its primary, and whether commits have waited for the standby."""

    name: str
    primary: Sequence[Address]
    is_awaited: bool = False


class EmbeddedStandby(EmbeddedPostgres):
    """A standby over `<home>/postgres`, which goes on as the primary when it is promoted.

    The home must contain the passwords of the primary's roles, in the same files as the home of the primary.
    """

    def __init__(self, home: Path, *, name: str, primary: Sequence[Address], port: int | None = None) -> None:
        super().__init__(home, port=port)
        self._name = name
        self._candidates = primary
        self._passfile = self.home / "standby.pgpass"
        self._rewinding = self.home / REWINDING

    @property
    def standing(self) -> Standing:
        return read_standing(self.home) or Standing(self._name, self._candidates)

    def _prepare(self) -> None:
        missing = [file.name for file in password_files(self.home) if not file.exists()]
        if missing:
            raise HomeUnusable(self.home, f"the primary's {', '.join(missing)} are missing: --passwords copies them")
        self._primary: tuple[Address, int] | None = None
        super()._prepare()

    def _prepare_data(self) -> None:
        self._primary = find_primary(self._candidates, self._passwords[SUPERUSER])
        self._keep_passfile()
        self._refuse_half_rewound()
        if not self._data.exists():
            self._copy()
        elif not (self._data / STANDBY_SIGNAL).exists():
            self._rejoin()
        write_standing(self.home, self.standing)

    def _copy(self) -> None:
        """Make a base backup in a temporary folder and rename it, so that the data folder is complete or absent."""
        address = self._require_primary()
        unfinished = self._make_closed_folder() / "data"
        unfinished.mkdir(mode=0o700)
        give_to(self._account, unfinished)
        with superuser_at(address, self._passwords[SUPERUSER]) as superuser:
            keep_slot(superuser, self._name)
        self._run(
            "pg_basebackup",
            *("--pgdata", unfinished, "--slot", self._name, "--checkpoint=fast", "--wal-method=stream"),
            *("--no-password", "--dbname", self._conninfo(address, Role.REPLICATOR)),
            timeout_s=_COPY_TIMEOUT_S,
        )
        self._mark(unfinished)
        unfinished.rename(self._data)
        sync_folder(self.home)

    def _rejoin(self) -> None:
        """Turn a former primary into a standby of its successor with pg_rewind.

        Commits that the successor does not have are lost from this data folder.
        """
        address, ours = self._require_primary(), self._timeline()
        assert self._primary is not None
        if self._primary[1] <= ours:
            reason = (
                f"{self._data} is no standby: it is as new as {address} (timeline {ours}). Start it as the primary "
                "with `tallystick database`"
            )
            raise HomeUnusable(self.home, reason)
        with superuser_at(address, self._passwords[SUPERUSER]) as superuser:
            keep_slot(superuser, self._name)
        if self._controlled("Database cluster state") not in _SHUT_DOWN:
            self._recover()
        self._rewinding.touch()
        source = ("--source-server", self._conninfo(address, SUPERUSER))
        target = ("--target-pgdata", self._data, "--no-ensure-shutdown")
        self._run("pg_rewind", *target, *source, timeout_s=_REWIND_TIMEOUT_S)
        self._mark(self._data)
        self._rewinding.unlink()

    def _recover(self) -> None:
        """Let crashed data recover and shut down cleanly, on a port that no client knows.

        pg_rewind could run this recovery itself, but only under an account that has a name.
        """
        port = free_port()
        child = self._command(port)
        child.start()
        try:
            while child.running and not self._answers(port):
                time.sleep(_POLL_S)
        finally:
            child.terminate(self._stop_timeout_s)
        if self._controlled("Database cluster state") not in _SHUT_DOWN:
            raise ServerFailed(self.name, child.log_tail(), "could not recover")

    def _require_primary(self) -> Address:
        if self._primary is None:
            asked = ", ".join(map(str, self._candidates))
            raise HomeUnusable(self.home, f"no primary answers at {asked}, of which a copy could be made")
        return self._primary[0]

    def _mark(self, data: Path) -> None:
        signal = data / STANDBY_SIGNAL
        signal.touch(mode=0o600)
        give_to(self._account, signal)

    def _timeline(self) -> int:
        return int(self._controlled("Latest checkpoint's TimeLineID"))

    def _controlled(self, name: str) -> str:
        """The value of `name` in pg_controldata's output. Raises ServerFailed."""
        command: list[str | Path] = [self._binaries / "pg_controldata", "--pgdata", self._data]
        done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"}, check=False)  # noqa: S603
        value = re.search(rf"^{re.escape(name)}:\s*(.*)$", done.stdout, re.MULTILINE)
        if value is None:
            raise ServerFailed("pg_controldata", done.stderr)
        return value[1]

    def _run(self, program: str, *arguments: str | Path, timeout_s: float) -> None:
        """Run a Postgres program to its end, at most `timeout_s` seconds. Raises ServerFailed."""
        child = ChildProcess(
            program,
            [self._binaries / program, *arguments],
            log=self.home / LOGS / f"{program}.log",
            env={"LC_ALL": "C", "PGPASSFILE": str(self._passfile), "PATH": str(self._binaries)},
            cwd=self.home,
            account=self._account,
        )
        child.start()
        try:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout_s)
        finally:
            child.terminate()
        if child.poll() != 0:
            raise ServerFailed(program, child.log_tail(), "failed")

    def _keep_passfile(self) -> None:
        """Write the passwords to a passfile, so that no command line and no setting contains a password."""
        lines = [f"*:*:*:{role}:{self._passwords[role]}\n" for role in (SUPERUSER, Role.REPLICATOR)]
        write_private(self._passfile, "".join(lines), self._account)

    def _conninfo(self, address: Address, role: str) -> str:
        return f"host={address.host} port={address.port} user={role} dbname=postgres passfile={self._passfile}"

    def _server_settings(self) -> dict[str, str]:
        """The settings that name the followed primary, with the primary's max_connections.

        A standby does not start with a max_connections below that of its primary.
        """
        address = self._primary[0] if self._primary else self._candidates[0]
        followed = f"{self._conninfo(address, Role.REPLICATOR)} application_name={self._name} keepalives_idle=5"
        return {
            **super()._server_settings(),
            **_RETRY_INTERVAL,
            "max_connections": self._controlled("max_connections setting"),
            "primary_conninfo": followed,
            "primary_slot_name": self._name,
            "wal_receiver_timeout": "5s",
        }

    def _answers(self, port: int) -> bool:
        try:
            with superuser_at(Address(LOOPBACK, port), self._passwords[SUPERUSER]) as superuser:
                # Slots from its time as a primary would keep WAL until the disk is full.
                drop_slots(superuser)
        except psycopg.OperationalError:
            return False
        return True

    def is_promoted(self) -> bool:
        return not (self._data / STANDBY_SIGNAL).exists()

    def stream(self) -> Stream | None:
        """This standby as the primary sees it. Raises psycopg.OperationalError when the primary does not answer."""
        with superuser_at(self._following(), self._passwords[SUPERUSER]) as superuser:
            return stream_of(superuser, self._name)

    def be_awaited(self) -> None:
        """From now on the primary's commits wait for this standby, or for another one of the awaited standbys.

        Raises psycopg.OperationalError when the primary does not answer.
        """
        with superuser_at(self._following(), self._passwords[SUPERUSER]) as superuser:
            # The primary's setting changes before the record below: a promotion relies on the record alone.
            names = awaited(superuser)
            if self._name not in names:
                await_standbys(superuser, [*names, self._name])
        write_standing(self.home, msgspec.structs.replace(self.standing, is_awaited=True))

    def _following(self) -> Address:
        return self._primary[0] if self._primary else self._candidates[0]


def stream_at(home: Path, standing: Standing) -> Stream | None:
    """The standby of `home` as the primary sees it. Raises HomeUnusable."""
    password, address = _primary_of(home, standing)
    with superuser_at(address, password) as superuser:
        return stream_of(superuser, standing.name)


def take_off(home: Path, standing: Standing) -> None:
    """From now on the primary does not wait for the standby of `home` and keeps no WAL for it.

    Raises HomeUnusable.
    """
    password, address = _primary_of(home, standing)
    # First: from the next moment the standby may be behind, and its promotion must then require `--accept-loss`.
    write_standing(home, Standing(standing.name, standing.primary))
    with superuser_at(address, password) as superuser:
        await_standbys(superuser, [name for name in awaited(superuser) if name != standing.name])
        drop_slots(superuser, standing.name)


def _primary_of(home: Path, standing: Standing) -> tuple[str, Address]:
    file, *_ = password_files(home)
    if not file.exists():
        raise HomeUnusable(home, f"the primary's {file.name} is missing: --passwords copies it")
    password = file.read_text()
    found = find_primary(standing.primary, password)
    if found is None:
        raise HomeUnusable(home, f"no primary answers at {', '.join(map(str, standing.primary))}")
    return password, found[0]


def password_files(home: Path) -> Sequence[Path]:
    """The password files of the superuser and of the roles, the superuser's first."""
    return [home / "postgres.password", *(home / f"postgres.{role.name.lower()}.password" for role in Role)]


def read_standing(home: Path) -> Standing | None:
    try:
        return msgspec.json.decode((home / STANDING).read_bytes(), type=Standing)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_standing(home: Path, standing: Standing) -> None:
    write_private(home / STANDING, msgspec.json.encode(standing).decode())
