"""Every wait for the database has a bound: on a silent network path, a stopped server, or a lock."""

# Every session of ours is a BoundedConnection, so that no statement is waited for without a bound.

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import errors, waiting
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from application.work.deadline import at_most_s

CONNECT_TIMEOUT_S = 3
NETWORK_BOUNDS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    # What we sent and nobody acknowledges, in milliseconds; then a peer that is silent while we wait: 5 s + 3 × 2 s.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
SERVERS_BOUNDS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    " -c client_connection_check_interval=1000"
)
"""The server's bounds on the network's silence; the server also ends statements and lock waits of vanished clients."""
ANSWERS_WITHIN_S = 12.0
"""The limit of a statement, a little above the server's own: a server that answers at all has answered by then."""
_LOOK_EVERY_S = 0.1

T = TypeVar("T")


class DatabaseSilent(psycopg.OperationalError):
    """A statement was not answered in time; whether the statement took effect is unknown."""


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """A session in which a statement without an answer within `answers_within_s` seconds, or by the request's deadline,
    raises DatabaseSilent.

    After a missing answer or a cancellation the session is closed at once. The server is not asked to cancel the
    statement, as psycopg does: a stopped server never answers, and a server that waits for its standby would make an
    unconfirmed commit visible.
    """

    answers_within_s: float = ANSWERS_WITHIN_S

    async def wait(self, gen: PQGen[T], interval: float = _LOOK_EVERY_S, timeout: float | None = None) -> T:
        # psycopg gives a timeout of its own only where it waits for notifications, which may not come.
        within_s = at_most_s(self.answers_within_s) if timeout is None else timeout
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, timeout=within_s)
        except errors._WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise DatabaseSilent(f"the database did not answer within {within_s:.1f} s") from error
        except (asyncio.CancelledError, KeyboardInterrupt):
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def to_primary(database_url: str) -> str:
    """`database_url`; where the URL names several hosts, for the host that takes writes."""
    parts = conninfo_to_dict(database_url)
    if "," not in str(parts.get("host") or "") or "target_session_attrs" in parts:
        return database_url
    return make_conninfo(database_url, target_session_attrs="read-write", connect_timeout=CONNECT_TIMEOUT_S)


def named(database_url: str, *, name: str, options: str = "") -> str:
    """`database_url` with bounds on the network's silence on both sides, and the application name `name`."""
    options = f"{SERVERS_BOUNDS} {options}".rstrip()
    return make_conninfo(to_primary(database_url), application_name=name, options=options, **NETWORK_BOUNDS)


def bounded(database_url: str, *, name: str, statement_timeout_ms: int, options: str = "") -> str:
    """As `named`, for a session in which the server ends a statement after `statement_timeout_ms`."""
    return named(database_url, name=name, options=f"-c statement_timeout={statement_timeout_ms}{options}")


@contextmanager
def cut_off_after(within_s: float, connection: psycopg.AsyncConnection[Any]) -> Iterator[None]:
    """Break the connection, and raise TimeoutError, where the block waits longer than `within_s` seconds for an answer.

    For a server process that hangs while its operating system acknowledges every packet, which no network bound
    notices. A cancelled psycopg call would ask such a server to cancel, and wait for another 10 seconds.
    """
    is_cut = False

    def cut() -> None:
        nonlocal is_cut
        is_cut = True
        shut(connection)

    timer = asyncio.get_running_loop().call_later(within_s, cut)
    try:
        yield
    except psycopg.OperationalError as error:
        if is_cut:
            raise TimeoutError(f"the database did not answer within {within_s} s") from error
        raise
    finally:
        timer.cancel()


def shut(connection: psycopg.AsyncConnection[Any]) -> None:
    """End `connection` at once, without notice to the server: tasks that wait on the connection get an error."""
    # Shut, not closed: the event loop still watches the descriptor, whose number must not become another's.
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
