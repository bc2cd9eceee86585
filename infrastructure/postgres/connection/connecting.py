"""How long a silent network path, a stopped server or a lock can hold a connection up: never for ever.

Every session of ours is a BoundedConnection, so that no statement is waited for without a bound.
"""

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
"""The same from the server's side, which also ends what still runs, or waits for a lock, for a client that is gone."""
ANSWERS_WITHIN_S = 12.0
"""A little above the statement's own limit on the server: who answers at all has answered by then."""
_LOOK_EVERY_S = 0.1

T = TypeVar("T")


class DatabaseSilent(psycopg.OperationalError):
    """No answer to a statement in time. Whether it took effect is unknown."""


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """A session whose every statement is answered within `answers_within_s`, or by the deadline of the request that it
    is for, or raises DatabaseSilent.

    A session that was given up, or whose statement was cancelled, is closed at once: the server is not asked to cancel
    it, as psycopg does, which a stopped server never answers, and which tells a server that waits for its standby to
    show what is not confirmed.
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
    """`database_url`, of whose several hosts, if it names them, the one is meant that takes writes."""
    parts = conninfo_to_dict(database_url)
    if "," not in str(parts.get("host") or "") or "target_session_attrs" in parts:
        return database_url
    return make_conninfo(database_url, target_session_attrs="read-write", connect_timeout=CONNECT_TIMEOUT_S)


def named(database_url: str, *, name: str, options: str = "") -> str:
    """`database_url` with bounds on the network's silence, on both sides; `name` is what it shows the server."""
    options = f"{SERVERS_BOUNDS} {options}".rstrip()
    return make_conninfo(to_primary(database_url), application_name=name, options=options, **NETWORK_BOUNDS)


def bounded(database_url: str, *, name: str, statement_timeout_ms: int, options: str = "") -> str:
    """For a session whose every statement is done within that time, or given up by the server."""
    return named(database_url, name=name, options=f"-c statement_timeout={statement_timeout_ms}{options}")


@contextmanager
def cut_off_after(within_s: float, connection: psycopg.AsyncConnection[Any]) -> Iterator[None]:
    """Whatever waits for an answer on `connection` for longer raises TimeoutError, and the connection is broken.

    For a server whose system acknowledges every packet and which itself does nothing: no network bound sees that. A
    cancelled psycopg call asks such a server to cancel and waits for it, 10 s more; this asks nobody.
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
    """End `connection` at once, without a word to its server: whoever waits on it is told."""
    # Shut, not closed: the event loop still watches the descriptor, whose number must not become another's.
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
