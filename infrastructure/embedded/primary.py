"""A standby asks its primary for a slot, for commits that wait for the standby, and for fencing at a failover."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from infrastructure.embedded.superuser import SUPERUSER

CONNECT_TIMEOUT_S: Final = 2
NEAR_BYTES: Final = 16 * 1024 * 1024
"""The largest lag at which commits may wait for a standby: such a standby catches up within a moment."""
NAMES: Final = "synchronous_standby_names"
KEPT: Final = "wal_keep_size"
KEPT_WAL: Final = "1GB"
"""The largest amount of WAL between two checkpoints.

pg_rewind winds a former primary back to the checkpoint before the two timelines parted.
"""
READ_ONLY: Final = "default_transaction_read_only"

_IS_PRIMARY: Final = "SELECT NOT pg_is_in_recovery()"
# The name of the current WAL file shows a new timeline at once; the control file shows it only after the next
# checkpoint.
_SELECT_TIMELINE: Final = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
_SELECT_NAMES: Final = "SELECT current_setting('synchronous_standby_names')"
_SELECT_STREAM: Final = """
SELECT state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint
FROM pg_stat_replication WHERE application_name = %s
"""
_MAKE_SLOT: Final = """
SELECT pg_create_physical_replication_slot(%s, true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)
"""
_IS_SLOT_LOST: Final = "SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = %s"
_DROP_SLOTS: Final = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_type = 'physical' AND NOT active AND (%(name)s::text IS NULL OR slot_name = %(name)s)
"""
_END_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""

Connection = psycopg.Connection[Any]


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Stream(NamedTuple):
    """A standby as the primary sees it; `behind_bytes` is the WAL that the standby has not yet written to disk."""

    state: str
    sync_state: str
    behind_bytes: int

    @property
    def is_near(self) -> bool:
        return self.state == "streaming" and self.behind_bytes <= NEAR_BYTES


def addresses(url: str) -> Sequence[Address]:
    """The hosts in a URL, as addresses. Raises psycopg.ProgrammingError, ValueError."""
    parts = conninfo_to_dict(url)
    hosts, ports = str(parts.get("host") or "").split(","), str(parts.get("port") or "5432").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [Address(host, int(port)) for host, port in zip(hosts, ports, strict=True)]


@contextmanager
def superuser_at(address: Address, password: str, database: str = "postgres") -> Iterator[Connection]:
    """A superuser session whose commits wait for no standby. Raises psycopg.OperationalError."""
    with psycopg.connect(
        host=address.host,
        port=address.port,
        user=SUPERUSER,
        password=password,
        dbname=database,
        connect_timeout=CONNECT_TIMEOUT_S,
        options="-c synchronous_commit=local -c statement_timeout=10000 -c default_transaction_read_only=off",
        tcp_user_timeout=5_000,
        autocommit=True,
    ) as connection:
        yield connection


def find_primary(candidates: Sequence[Address], password: str) -> tuple[Address, int] | None:
    """The candidate that takes writes, with its timeline; of several, the candidate with the highest timeline."""
    found: list[tuple[int, Address]] = []
    for address in candidates:
        try:
            with superuser_at(address, password) as superuser:
                if _one(superuser, _IS_PRIMARY):
                    found.append((_one(superuser, _SELECT_TIMELINE), address))
        except psycopg.OperationalError:
            continue
    if not found:
        return None
    timeline, address = max(found)
    return address, timeline


def keep_slot(superuser: Connection, name: str) -> bool:
    """Make the primary keep the WAL that the standby `name` still needs; False when a part is already gone."""
    superuser.execute(_MAKE_SLOT, (name, name))
    return not _one(superuser, _IS_SLOT_LOST, name)


def stream_of(superuser: Connection, name: str) -> Stream | None:
    row = superuser.execute(_SELECT_STREAM, (name,)).fetchone()
    return None if row is None else Stream(*row)


def awaited(superuser: Connection) -> Sequence[str]:
    """The standbys of which one has to confirm each commit."""
    listed = re.fullmatch(r"ANY 1 \((.*)\)", _one(superuser, _SELECT_NAMES))
    return re.findall(r'"([^"]+)"', listed[1]) if listed else []


def await_standbys(superuser: Connection, names: Sequence[str]) -> None:
    """From now on a commit waits until one of `names` has the commit; with no names, a commit does not wait."""
    if names:
        wanted = SQL("ANY 1 ({})").format(SQL(", ").join(Identifier(name) for name in names)).as_string(superuser)
        superuser.execute(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(KEPT), Literal(KEPT_WAL)))
        superuser.execute(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(NAMES), Literal(wanted)))
    else:
        superuser.execute(SQL("ALTER SYSTEM RESET {}").format(Identifier(NAMES)))
        superuser.execute(SQL("ALTER SYSTEM RESET {}").format(Identifier(KEPT)))
    superuser.execute("SELECT pg_reload_conf()")


def drop_slots(superuser: Connection, name: str | None = None) -> None:
    """Drop the inactive replication slots: all of them or, with `name`, only the slot of that name."""
    superuser.execute(_DROP_SLOTS, {"name": name})


def fence(superuser: Connection) -> str:
    """Refuse all further writes, end every session, and return the position where the log ends."""
    superuser.execute(SQL("ALTER SYSTEM SET {} = on").format(Identifier(READ_ONLY)))
    superuser.execute("SELECT pg_reload_conf()")
    superuser.execute(_END_SESSIONS)
    return str(_one(superuser, "SELECT pg_current_wal_flush_lsn()"))


def wait_for_replay(superuser: Connection, position: str, within_s: float) -> bool:
    """Whether a standby replays the log up to `position` within `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not _one(superuser, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _one(connection: Connection, query: str, *arguments: object) -> Any:
    row = connection.execute(query.encode(), arguments).fetchone()
    return None if row is None else row[0]
