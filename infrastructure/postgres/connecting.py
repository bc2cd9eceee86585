"""How long a silent network path or a stopped server can hold a connection up: never for ever."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

CONNECT_TIMEOUT_S = 3
NETWORK_BOUNDS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    # What we sent and nobody acknowledges, in milliseconds; then a peer that is silent while we wait: 5 s + 3 × 2 s.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


SERVERS_BOUNDS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The same from the server's side: it lets go of the locks of a machine that vanished without a word."""


def named(database_url: str, *, name: str, options: str = "") -> str:
    """`database_url` with bounds on the network's silence; `name` is what it shows the server."""
    return make_conninfo(database_url, application_name=name, options=options, **NETWORK_BOUNDS)


def bounded(database_url: str, *, name: str, statement_timeout_ms: int) -> str:
    """For a session whose every statement is done within that time, or given up by the server."""
    return named(database_url, name=name, options=f"-c statement_timeout={statement_timeout_ms}")


def following(database_url: str, *, name: str) -> str:
    """For a session that keeps a lock for as long as it lives."""
    return named(database_url, name=name, options=SERVERS_BOUNDS)


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
