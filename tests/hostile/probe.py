"""How long `/health/live` takes while something else goes on, asked from a process of its own."""

import http.client
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from msgspec import Struct

EVERY_S = 0.02


class Liveness(Struct, frozen=True, kw_only=True):
    """`p99_ms` and `max_ms` from sending to the last byte; `missed` are those that were no 200."""

    asked: int
    missed: int
    p99_ms: float
    max_ms: float


@contextmanager
def probing(url: str) -> Iterator[list[Liveness]]:
    """What was found is in the list afterwards."""
    found: list[Liveness] = []
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_probe, args=(url, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield found
    finally:
        ours.send("stop")
        if ours.poll(30):
            found.append(ours.recv())
        process.join(10)


def _probe(url: str, told: Connection) -> None:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30)
    took, missed = [], 0
    told.send("ready")
    while not told.poll(EVERY_S):
        started = time.perf_counter()
        try:
            connection.request("GET", "/health/live")
            response = connection.getresponse()
            response.read()
            missed += response.status != 200
        except (OSError, http.client.HTTPException):
            missed += 1
            connection.close()
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    told.send(
        Liveness(
            asked=len(took),
            missed=missed,
            p99_ms=round(took[int(len(took) * 0.99)], 1) if took else 0.0,
            max_ms=round(took[-1], 1) if took else 0.0,
        )
    )
