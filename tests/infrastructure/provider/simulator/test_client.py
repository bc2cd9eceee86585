"""What goes wrong on the wire: each way that a call can fail becomes the one right outcome, and is never sent again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

import pytest

from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Approved, Outcome, Rejected, Unavailable, Unknown
from infrastructure.provider.simulator.client import SimulatorProvider
from tests.infrastructure.provider.contract import authorization
from tests.support.simulator import HOST

CARD: Final = PaymentMethod(MethodType.CARD, "tok_visa")
HANG_UP: Final = b""
CHARGE: Final = b'{"id":"ch_1","status":"authorized","authorized":10000,"captured":0,"currency":"EUR"}'
CREATED: Final = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(CHARGE), CHARGE)


class ScriptedServer:
    """Answers each request with the next bytes of its script, HANG_UP closing the connection without any."""

    def __init__(self, script: Sequence[bytes]) -> None:
        self._script = iter(script)
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_content_length(head))
                self.requests += 1
                answer = next(self._script)
                if answer == HANG_UP:
                    return
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def scripted(*script: bytes) -> AsyncIterator[tuple[SimulatorProvider, ScriptedServer]]:
    """A connector to a server that follows `script`."""
    scripted_server = ScriptedServer(script)
    server = await asyncio.start_server(scripted_server.serve, HOST)
    port = server.sockets[0].getsockname()[1]
    async with server, aclosing(SimulatorProvider(f"http://{HOST}:{port}/", timeout_s=1.0)) as provider:
        yield provider, scripted_server


async def outcome_of(answer: bytes) -> Outcome:
    async with scripted(answer) as (provider, server):
        outcome = await provider.authorize(authorization(CARD))
        assert server.requests == 1
        return outcome


async def test_a_connection_dropped_instead_of_an_answer_is_unknown() -> None:
    assert isinstance(await outcome_of(HANG_UP), Unknown)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\noops",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops",
        b"SSH-2.0-OpenSSH_9.9\r\nConnection: close\r\n\r\n",
    ],
    ids=["500", "503", "redirect", "no JSON", "cut short", "no gzip", "no HTTP"],
)
async def test_an_answer_that_says_nothing_certain_is_unknown(answer: bytes) -> None:
    assert isinstance(await outcome_of(answer), Unknown)


async def test_a_refused_request_is_rejected() -> None:
    body = b'{"error":{"code":"bad_request","message":"no"}}'
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert await outcome_of(head + body) == Rejected("bad_request", "no")


async def test_an_idle_connection_that_breaks_while_we_send_is_unknown_and_not_sent_again() -> None:
    async with scripted(CREATED, HANG_UP, CREATED) as (provider, server):
        assert await provider.authorize(authorization(CARD)) == Approved("ch_1")
        assert isinstance(await provider.authorize(authorization(CARD)), Unknown)
        assert server.requests == 2


async def test_a_pool_without_a_free_connection_is_unavailable() -> None:
    """The call was never sent, and is known not to be."""
    silent = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(hold, HOST)
    port = server.sockets[0].getsockname()[1]
    provider = SimulatorProvider(f"http://{HOST}:{port}", timeout_s=0.4, connections_max=1)
    async with server, aclosing(provider):
        sent, waiting = await asyncio.gather(*(provider.authorize(authorization(CARD)) for _ in range(2)))
        silent.set()
    assert isinstance(sent, Unknown)
    assert isinstance(waiting, Unavailable)


@pytest.mark.parametrize(
    "answer",
    [
        HANG_UP,
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
    ],
    ids=["dropped", "500", "404 of somebody else"],
)
async def test_a_failed_lookup_is_unknown_and_never_none(answer: bytes) -> None:
    async with scripted(answer, answer) as (provider, _):
        assert isinstance(await provider.lookup(authorization(CARD)), Unknown)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
