"""However the database was away, reads and appends are answered again within seconds of its return."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from application.work.deadline import ANSWERED_WITHIN_S, answered_within
from application.write.store import Append, StoreUnavailable
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.store import created, open_store

HOST = "127.0.0.1"
AWAY_S = 2.5
"""A request's whole deadline, and longer than the pool tries to connect."""
PAUSE_S = 0.1
AGAIN_WITHIN_S = 15.0
"""Seconds on a quiet machine; those that run tests are busy."""
CHUNK_BYTES = 65_536


class Proxy:
    """Stands for the server. `absence` is what it does instead of it, for connections that begin then."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._tasks: set[asyncio.Task[None]] = set()
        self.absence = ""
        self.port = 0

    def sever(self) -> None:
        """Every connection ends, as those of a killed server do."""
        for task in self._tasks:
            task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        try:
            match self.absence:
                case "refuses":
                    return
                case "is silent":
                    await asyncio.Event().wait()
                case "starts up":
                    await reader.read(CHUNK_BYTES)
                    writer.write(_error("57P03", "the database system is starting up"))
                    return
                case "has no connection left":
                    await reader.read(CHUNK_BYTES)
                    writer.write(_error("53300", "sorry, too many clients already"))
                    return
                case _:
                    pass
            server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
            ends.append(server_writer)
            passing = [_pass_on(reader, server_writer, 0.0), _pass_on(server_reader, writer, self._delay_s)]
            await asyncio.gather(*passing)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for end in ends:
                end.close()

    @property
    def _delay_s(self) -> float:
        """Of each answer. More than the pool waits."""
        return 2.0 if self.absence == "is slow" else 0.0


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    while heard := await reader.read(CHUNK_BYTES):
        await asyncio.sleep(delay_s)
        writer.write(heard)
        await writer.drain()
    writer.close()


def _error(sqlstate: str, message: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0".encode()
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


@asynccontextmanager
async def proxy_of(database_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    port = str(conninfo_to_dict(database_url)["port"])
    proxy = Proxy(int(port))
    server = await asyncio.start_server(proxy.serve, HOST)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, database_url.replace(f":{port}/", f":{proxy.port}/")
    finally:
        server.close()
        proxy.sever()


@pytest.mark.parametrize("absence", ["refuses", "is silent", "starts up", "has no connection left", "is slow"])
async def test_a_database_that_was_away_is_used_again_within_seconds(database_url: str, absence: str) -> None:
    async with proxy_of(database_url) as (proxy, url), open_store(url) as store:
        assert await _is_answered(store)
        proxy.absence = absence
        proxy.sever()
        back_at = time.monotonic() + AWAY_S
        while time.monotonic() < back_at:
            assert not await _is_answered(store)
            await asyncio.sleep(PAUSE_S)
        proxy.absence = ""
        proxy.sever()
        returned = time.monotonic()
        while not await _is_answered(store):
            assert time.monotonic() - returned < AGAIN_WITHIN_S
            await asyncio.sleep(PAUSE_S)


async def _is_answered(store: PostgresEventStore) -> bool:
    """Whether a request that reads and one that appends are answered by their deadlines."""
    with answered_within(ANSWERED_WITHIN_S):
        answers = await asyncio.gather(
            store.head(), store.append(Append(events=(created(uuid4()),))), return_exceptions=True
        )
    faults = [answer for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(fault, StoreUnavailable) for fault in faults), faults
    return not faults
