"""What a provider sends while nobody asks is nobody's answer, and keeps no request from its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import ClientRequest, TCPConnector
from aiohttp.connector import Connection
from msgspec import Struct, field

from domain.payment.outcome import Unavailable
from infrastructure.provider.connections import FRESH_MAX
from infrastructure.provider.http import Answer, HttpCalls

HOST = "127.0.0.1"


def response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


UNASKED = response(b'"unasked"')
PARTS = [
    UNASKED,
    UNASKED + UNASKED,
    UNASKED[:1],
    UNASKED[:14],
    UNASKED[:40],
    UNASKED[:-3],
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"junk",
]


class TalkativeServer(Struct, kw_only=True):
    """Answers each request with its own path; `after_answer` goes out right behind it, `at_once` before any request."""

    after_answer: bytes = b""
    at_once: bytes = b""
    url: str = ""
    connections: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        writer.write(self.at_once)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(response(head.split()[1]) + self.after_answer)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def talkative(server: TalkativeServer) -> AsyncIterator[TalkativeServer]:
    listening = await asyncio.start_server(server.serve, HOST, 0)
    server.url = f"http://{HOST}:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server
        for writer in server.connections:
            writer.close()


async def said(calls: HttpCalls, path: str) -> bytes:
    answer = await calls.send("POST", path, b"{}")
    assert isinstance(answer, Answer), answer
    return answer.body


@pytest.mark.parametrize("unasked", PARTS, ids=lambda part: repr(part[-16:]))
async def test_what_arrives_on_an_idle_connection_answers_nothing(unasked: bytes) -> None:
    async with talkative(TalkativeServer()) as server, aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        assert await said(calls, "/first") == b"/first"
        server.connections[0].write(unasked)
        await server.connections[0].drain()
        await asyncio.sleep(0.01)
        assert [await said(calls, path) for path in ("/second", "/third")] == [b"/second", b"/third"]
        assert len(server.connections) == 2


@pytest.mark.parametrize("unasked", PARTS[:-1], ids=lambda part: repr(part[-16:]))
async def test_what_arrives_together_with_an_answer_answers_nothing(unasked: bytes) -> None:
    server = TalkativeServer(after_answer=unasked)
    async with talkative(server), aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        for path in ("/first", "/second", "/third"):
            assert await said(calls, path) == path.encode()


async def test_what_the_event_loop_has_not_read_yet_answers_nothing() -> None:
    """It waits in the socket: the loop reads it only after the next request has gone out."""
    async with talkative(TalkativeServer()) as server, aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        assert await said(calls, "/first") == b"/first"
        server.connections[0].write(UNASKED)
        assert await said(calls, "/second") == b"/second"


async def test_many_idle_connections_with_something_on_them_are_all_left() -> None:
    async with talkative(TalkativeServer()) as server, aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        await asyncio.gather(*(said(calls, f"/{n}") for n in range(20)))
        for writer in server.connections:
            writer.write(UNASKED)
        await asyncio.sleep(0.01)
        paths = [f"/again/{n}" for n in range(20)]
        assert await asyncio.gather(*(said(calls, path) for path in paths)) == [path.encode() for path in paths]


async def test_a_server_that_always_speaks_first_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(self: TCPConnector, req: ClientRequest, traces: Any, timeout: Any) -> Connection:
        connection = await opened(self, req, traces, timeout)
        await asyncio.sleep(0.01)
        return connection

    opened = TCPConnector.connect
    monkeypatch.setattr(TCPConnector, "connect", connect)
    server = TalkativeServer(at_once=UNASKED)
    async with talkative(server), aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        assert isinstance(await calls.send("POST", "/first", b"{}"), Unavailable)
        assert len(server.connections) == FRESH_MAX


async def test_a_connection_on_which_nothing_arrived_is_used_again() -> None:
    async with talkative(TalkativeServer()) as server, aclosing(HttpCalls(server.url, timeout_s=2.0)) as calls:
        for n in range(50):
            assert await said(calls, f"/{n}") == b"/%d" % n
        assert len(server.connections) == 1
