"""Deliveries sent as fast as they are taken, from a process of its own: `python -m tests.benchmarks.deliveries` reads a
`Post` as JSON on standard input and writes a `Posted` to standard output."""

import asyncio
import resource
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

import msgspec
import uvloop
from msgspec import Struct

from tests.benchmarks.load import Connection
from tests.support.notary import signed

SENDERS = 64
SENT_WITHIN_S = 120.0


class Post(Struct, frozen=True, kw_only=True):
    """`bodies` in their order, each signed as it is sent; each of the senders waits for its answer."""

    url: str
    path: str
    bodies: list[str]


class Posted(Struct, frozen=True, kw_only=True):
    """`statuses` counts the answers by HTTP status."""

    statuses: dict[int, int]
    latencies_ms: list[float]
    seconds: float
    cpu_s: float


def send(post: Post) -> Posted:
    """Send all of it, and wait for every answer."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.deliveries"],
        input=msgspec.json.encode(post),
        stdout=subprocess.PIPE,
        check=True,
        timeout=SENT_WITHIN_S,
    )
    return msgspec.json.decode(done.stdout, type=Posted)


async def _send(post: Post) -> Posted:
    address = urlsplit(post.url)
    bodies = iter(post.bodies)
    statuses: Counter[int] = Counter()
    latencies_ms: list[float] = []
    loop = asyncio.get_running_loop()

    async def sender() -> None:
        _, connection = await loop.create_connection(Connection, address.hostname or "", address.port or 80)
        for text in bodies:
            started = loop.time()
            status, _ = await connection.request(_message(address.netloc, post.path, text.encode()))
            statuses[status] += 1
            latencies_ms.append((loop.time() - started) * 1000)
        connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Posted(
        statuses=dict(statuses), latencies_ms=latencies_ms, seconds=seconds, cpu_s=used.ru_utime + used.ru_stime
    )


def _message(host: str, path: str, body: bytes) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed(body).items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(_send(msgspec.json.decode(sys.stdin.buffer.read(), type=Post))))
    )
