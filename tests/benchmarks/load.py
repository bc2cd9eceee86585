"""Payments that arrive when they arrive: open-loop load from a process of its own, whatever the system does.

Run as `python -m tests.benchmarks.load`: a `Load` as JSON on standard input, a `Loaded` on standard output. A latency
counts from the moment the payment was due, not from when it could be sent: a system that stalls is not let off.
"""

import asyncio
import random
import resource
import subprocess
import sys
import time
from collections import Counter, deque
from itertools import count
from typing import cast
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import uvloop
from msgspec import Struct

ANSWER_WITHIN_S = 15.0


class Load(Struct, frozen=True, kw_only=True):
    """`rate` payments a second for `seconds`, at random moments (a Poisson process), by merchants drawn evenly from
    `secrets`."""

    url: str
    secrets: list[str]
    rate: float
    seconds: float
    token: str = "tok_visa"
    seed: int = 1


class Loaded(Struct, frozen=True, kw_only=True):
    """`statuses` counts the answers by HTTP status, 0 for none; `latencies_ms` are those of payments captured."""

    statuses: dict[int, int]
    latencies_ms: list[float]
    seconds: float
    """From the first arrival to the last answer."""
    cpu_s: float

    @property
    def captured_per_s(self) -> float:
        return len(self.latencies_ms) / self.seconds


def send(load: Load) -> Loaded:
    """Send `load` from a process of its own, and wait for every answer."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"],
        input=msgspec.json.encode(load),
        stdout=subprocess.PIPE,
        check=True,
        timeout=load.seconds + 2 * ANSWER_WITHIN_S,
    )
    return msgspec.json.decode(done.stdout, type=Loaded)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, kept alive, with one request at a time; just enough of HTTP for the API's answers."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.is_open = False

    async def request(self, message: bytes) -> tuple[int, bytes]:
        """Status and body. Raises ConnectionError when the server hangs up."""
        assert self._transport is not None
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())


class _Shoppers:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._address = urlsplit(load.url)
        self._choose = random.Random(load.seed)
        self._idle: deque[Connection] = deque()
        self._run = uuid4().hex.encode()
        self._numbers = count(1)
        self.statuses: Counter[int] = Counter()
        self.latencies_ms: list[float] = []

    async def arrive(self) -> None:
        """Start each payment when it is due; return once all are answered."""
        loop = asyncio.get_running_loop()
        due = loop.time() + 0.1
        end = due + self._load.seconds
        paying = set()
        while (due := due + self._choose.expovariate(self._load.rate)) < end:
            if (early_s := due - loop.time()) > 0:
                await asyncio.sleep(early_s)
            payment = loop.create_task(self._pay(due))
            paying.add(payment)
            payment.add_done_callback(paying.discard)
        await asyncio.gather(*paying)
        for connection in self._idle:
            connection.close()

    async def _pay(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        connection: Connection | None = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                connection = await self._connection()
                status, body = await connection.request(self._message())
        except (OSError, TimeoutError):
            self.statuses[0] += 1
            if connection is not None:
                connection.close()
            return
        self._idle.append(connection)
        self.statuses[status] += 1
        if status == 201 and b'"status":"captured"' in body:
            self.latencies_ms.append((loop.time() - due) * 1000)

    async def _connection(self) -> Connection:
        while self._idle:
            # The one used last: those that a quieter moment does not need stay idle.
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        host, port = self._address.hostname or "", self._address.port or 80
        _, made = await loop.create_connection(Connection, host, port)
        return made

    def _message(self) -> bytes:
        amount = self._choose.randint(100, 100_000)
        body = (
            b'{"customer_id":"customer-%d","amount":%d,"currency":"EUR",'
            b'"payment_method":{"type":"card","token":"%s"},"confirm":true}'
            % (amount, amount, self._load.token.encode())
        )
        return (
            b"POST /v1/payment_intents HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (
                self._address.netloc.encode(),
                self._choose.choice(self._load.secrets).encode(),
                b"%s-%d" % (self._run, next(self._numbers)),
                len(body),
                body,
            )
        )


async def _shop(load: Load) -> Loaded:
    shoppers = _Shoppers(load)
    started = time.perf_counter()
    await shoppers.arrive()
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Loaded(
        statuses=dict(shoppers.statuses),
        latencies_ms=shoppers.latencies_ms,
        seconds=seconds,
        cpu_s=used.ru_utime + used.ru_stime,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(_shop(msgspec.json.decode(sys.stdin.buffer.read(), type=Load))))
    )
