"""The parts of a running system that can hang, each as what makes it hang for as long as a block."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import psycopg

from interfaces.runtime.supervisor import Stack
from tests.crash.system import hanging, with_descendants

Hang = Callable[[Stack], AbstractContextManager[None]]


@contextmanager
def _sessions_hang(stack: Stack, application: str) -> Iterator[None]:
    """The server's end of every session of that name."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
    with psycopg.connect(stack.settings.database_url) as connection:
        pids = [pid for (pid,) in connection.execute(query, (application,)).fetchall()]
    assert pids, f"nobody is connected as {application}"
    with hanging(pids):
        yield


@contextmanager
def _table_is_locked(stack: Stack, table: str) -> Iterator[None]:
    with psycopg.connect(stack.settings.owner_database_url) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


HANGS: Mapping[str, Hang] = {
    "postgres": lambda stack: hanging(with_descendants(stack.embedded.postgres.pid)),
    "readers": lambda stack: _sessions_hang(stack, "tallystick reader"),
    "writer": lambda stack: _sessions_hang(stack, "tallystick committer"),
    "locked events": lambda stack: _table_is_locked(stack, "stored_events"),
    "locked view": lambda stack: _table_is_locked(stack, "views.payment_status"),
    "nats": lambda stack: hanging(with_descendants(stack.embedded.nats.pid)),
    "provider": lambda stack: hanging(with_descendants(stack.simulator.pid)),
    "worker": lambda stack: hanging(with_descendants(stack.worker.pid)),
}


async def renewing(stack: Stack, *, workers: int) -> bool:
    """Whether so many workers renew leases, or stand by for them."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallystick leases'"
    with psycopg.connect(stack.settings.database_url) as connection:
        return connection.execute(query).fetchone() == (workers,)
