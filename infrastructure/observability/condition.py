"""The condition of the system, read from its store: the head, the followers, and the operations without an outcome."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct

from infrastructure.observability.free_space import FREE_BYTES_MIN
from infrastructure.postgres.backups import ARCHIVER, BackupState, backup_state
from infrastructure.postgres.bus_refusals import BusRefusal, bus_refusals
from infrastructure.postgres.connection.standbys import Standby, awaited_standbys
from infrastructure.postgres.identity import identity_of
from projections.engine.checkpoint import SHARED, checkpoints
from projections.engine.leader_lock import turn_of

RELAY = "relay"
ARCHIVE = "archive"
CLOCKS_DIFFER_S_MAX = 5.0
NOT_HEARD = "nothing is heard of it: NATS does not answer, or does not let it publish; the views read the store anyway"
AHEAD = "it stands after the store's last event: see docs/OPERATING.md, A view is ahead of the store"
FORGED = (
    "a position after the store's last event was told in its name: see docs/OPERATING.md, Messages that are not ours"
)

_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_SELECT_NEXT = "SELECT state FROM stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT 1"
_SELECT_HOLDERS = """
SELECT lease.name, session.application_name, session.pid, host(session.client_addr)
FROM worker_lease AS lease JOIN pg_stat_activity AS session ON session.pid = lease.session
WHERE lease.expires_at > clock_timestamp()
"""
# Who stands by is connected too, under the same name, and holds nothing.
_SELECT_ARCHIVER = """
SELECT %s, application_name, pid, host(client_addr) FROM pg_stat_activity AS session
WHERE datname = current_database() AND application_name = %s
AND EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = session.pid AND locktype = 'advisory' AND granted)
"""
_SELECT_UNRESOLVED = """
SELECT count(*), extract(epoch FROM clock_timestamp() - min(claimed_at))::float8 FROM operation_claim WHERE unresolved
"""
_SELECT_WAITING = """
SELECT count(*), extract(epoch FROM clock_timestamp() - min(received_at))::float8
FROM webhook_delivery WHERE state = 'waiting'
"""
_SELECT_OWNERSHIP = """
SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = 'stored_events'::regclass
"""
_SELECT_OPEN_LETTERS = "SELECT count(*) FROM views.dead_letters WHERE state IN ('open', 'retrying')"

_SELECT_ORPHANS = "SELECT count(*) FROM orphan WHERE state IN ('waiting', 'unexplained')"

Connection = psycopg.AsyncConnection[Any]


class Active(Struct, frozen=True, kw_only=True):
    """The database session by which a worker renews its lease of a follower; `client` is None over a Unix socket."""

    application: str
    pid: int
    client: str | None


class Follower(Struct, frozen=True, kw_only=True):
    """The relay, the archive, or the projector of a view: its position in the store, and the worker that runs it.

    `position` and both lags are None when unknown; `lag_s` is the age of the oldest event not yet taken in.
    """

    name: str
    position: int | None
    lag_events: int | None
    lag_s: float | None
    active: Active | None
    failure: str | None
    rebuilt_to: int | None = None
    """The position of the view's next table, while that is being made."""


class Machine(Struct, frozen=True, kw_only=True):
    """The machine's clock and disks. `ahead_s` is the lead of its clock over the database's, which the system goes by;
    `free_bytes` is the room under TALLYSTICK_HOME, None without such a folder; `has_room` is about the database."""

    ahead_s: float
    free_bytes: int | None
    has_room: bool

    @property
    def is_clock_wrong(self) -> bool:
        return abs(self.ahead_s) > CLOCKS_DIFFER_S_MAX

    @property
    def is_nearly_full(self) -> bool:
        return self.free_bytes is not None and self.free_bytes < FREE_BYTES_MIN


class Condition(Struct, frozen=True, kw_only=True):
    """`oldest_unresolved_s` is None when every operation has its outcome, `oldest_delivery_s` when no provider's
    delivery waits to be worked on; `open_dead_letters` wait for an operator, or for what comes of a retry.
    `closed_since` and `closed_because` are None while the store takes payments; `orphans` were found at providers or
    the bank, and are in nothing here. `standbys` are those of which one has to confirm each commit."""

    head: int
    followers: tuple[Follower, ...]
    unresolved: int
    oldest_unresolved_s: float | None
    waiting_deliveries: int
    oldest_delivery_s: float | None
    open_dead_letters: int
    bus_refusals: tuple[BusRefusal, ...]
    may_change_events: bool
    """Whether the role of this connection owns the events, and so could switch their immutability off."""
    backups: BackupState
    closed_since: datetime | None
    closed_because: str | None
    orphans: int
    machine: Machine
    standbys: tuple[Standby, ...]


class _Stamped(Struct):
    """The time of an event alone: an event that no view can read has an age too."""

    recorded_at: datetime


async def read_condition(
    connection: Connection, told: int | None, names: Sequence[str], *, now: datetime, machine: Machine
) -> Condition:
    """How things are now, when the relay told of position `told` just before, or was not heard; `names` are the
    followers'. Raises
    psycopg.Error."""
    backups = await backup_state(connection)
    if backups.archived_position is not None:
        names = [*names, ARCHIVE]
    active = await _active(connection)
    reached: dict[str, int | None] = dict.fromkeys(names, 0)
    failures: dict[str, str | None] = {}
    rebuilt_to: dict[str, int | None] = {}
    leases = {RELAY: RELAY, ARCHIVE: ARCHIVE}
    for checkpoint in await checkpoints(connection):
        reached[checkpoint.projection] = checkpoint.position
        failures[checkpoint.projection] = checkpoint.failure
        rebuilt_to[checkpoint.projection] = checkpoint.rebuilt_to
        leases[checkpoint.projection] = turn_of(SHARED if checkpoint.is_shared else checkpoint.projection)
    if backups.archived_position is not None:
        reached[ARCHIVE], failures[ARCHIVE] = backups.archived_position, backups.archive_failure
    reached[RELAY] = told
    # After the positions: nobody is ahead of it.
    [(head,)] = await _rows(connection, _SELECT_HEAD)
    [(unresolved, oldest_s)] = await _rows(connection, _SELECT_UNRESOLVED)
    [(waiting, oldest_delivery_s)] = await _rows(connection, _SELECT_WAITING)
    [(open_letters,)] = await _rows(connection, _SELECT_OPEN_LETTERS)
    [(may_change_events,)] = await _rows(connection, _SELECT_OWNERSHIP)
    [(orphans,)] = await _rows(connection, _SELECT_ORPHANS)
    identity = await identity_of(connection)
    followers = []
    if told is None and RELAY in active:
        failures[RELAY] = NOT_HEARD
    for name in names:
        position = reached[name]
        if position is not None and position > head:
            failures[name] = FORGED if name == RELAY else AHEAD
        followers.append(
            Follower(
                name=name,
                position=position,
                lag_events=None if position is None else max(0, head - position),
                lag_s=None if position is None else await _age_of_next(connection, position, now),
                active=active.get(leases.get(name, name)),
                failure=failures.get(name),
                rebuilt_to=rebuilt_to.get(name),
            )
        )
    return Condition(
        head=head,
        followers=tuple(followers),
        unresolved=unresolved,
        oldest_unresolved_s=oldest_s,
        waiting_deliveries=waiting,
        oldest_delivery_s=oldest_delivery_s,
        open_dead_letters=open_letters,
        bus_refusals=await bus_refusals(connection),
        may_change_events=may_change_events,
        backups=backups,
        closed_since=identity.closed_at,
        closed_because=identity.closed_because,
        orphans=orphans,
        machine=machine,
        standbys=await awaited_standbys(connection),
    )


async def _active(connection: Connection) -> dict[str, Active]:
    """The holder of each lease, by its name, and the archive's process."""
    return {
        name: Active(application=application, pid=pid, client=client)
        for name, application, pid, client in (
            *await _rows(connection, _SELECT_HOLDERS),
            *await _rows(connection, _SELECT_ARCHIVER, ARCHIVE, ARCHIVER),
        )
    }


async def _age_of_next(connection: Connection, position: int, now: datetime) -> float | None:
    """Seconds since the event after `position` was recorded; 0 when there is none, None for an event without a time."""
    rows = await _rows(connection, _SELECT_NEXT, position)
    if not rows:
        return 0.0
    try:
        recorded_at = msgspec.json.decode(bytes(rows[0][0]), type=_Stamped).recorded_at
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return max(0.0, (now - recorded_at).total_seconds())


async def _rows(connection: Connection, query: Any, *arguments: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query, arguments or None)).fetchall()
