"""The system as the crash tests run it: its processes killed, started again, and counted."""

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from interfaces.composition import ChildProcess
from interfaces.runtime.supervisor import Stack
from tests.support.running import NO_WEBHOOKS, Merchant, Reply, eventually

PROVIDER_TIMEOUT_S = 2.0
SLOW_S = 0.7
"""How long tok_slow's answer takes: time enough to kill whoever waits for it, and on a busy machine still in time."""


@contextmanager
def crashable_stack(home: Path) -> Iterator[Stack]:
    """Everything on data of its own under `home`, with a provider that is not waited for too long."""
    environment = {
        "TALLYSTICK_PROVIDER_TIMEOUT_S": str(PROVIDER_TIMEOUT_S),
        "TALLYSTICK_SIMULATOR_SLOW_S": str(SLOW_S),
        **NO_WEBHOOKS,
    }
    with Stack(home, environment=environment) as stack:
        yield stack


@asynccontextmanager
async def postgres_away(stack: Stack) -> AsyncIterator[None]:
    """Postgres is killed, and started again on the same data after the block."""
    stack.embedded.postgres.kill()
    yield
    # In this thread, although it blocks: a child ends with the thread that started it.
    stack.embedded.postgres.start()


@contextmanager
def hanging(pids: Iterable[int]) -> Iterator[None]:
    """These processes stand still: they keep what they have, and neither answer nor end."""
    stopped = []
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        yield
    finally:
        for pid in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def with_descendants(pid: int) -> list[int]:
    """The process first, so that it makes no more of them while they are stopped."""
    return [pid, *descendants(pid)]


@asynccontextmanager
async def nats_away(stack: Stack) -> AsyncIterator[None]:
    """NATS is killed, and started again on the same data after the block."""
    stack.embedded.nats.kill()
    yield
    stack.embedded.nats.start()


async def restart(process: ChildProcess, url: str) -> None:
    """kill -9, start again, and wait until it listens."""
    process.kill()
    process.start()
    await until_listening(process, url)


async def until_listening(process: ChildProcess, url: str) -> None:
    address = urlsplit(url)

    async def takes_connections() -> bool:
        assert process.running, process.log_tail()
        with socket.socket() as probe:
            return probe.connect_ex((address.hostname, address.port)) == 0

    await eventually(takes_connections, f"{process.name} listens")


async def answer(merchant: Merchant, path: str, body: dict[str, object], key: str) -> Reply:
    """The answer to a request that is sent until there is one."""
    replies: list[Reply] = []

    async def answered() -> bool:
        replies.append(await merchant.send("POST", path, body, key=key))
        return "Retry-After" not in replies[-1].headers

    await eventually(answered, f"an answer to {path} under {key}")
    return replies[-1]


def kill_serving(process: ChildProcess) -> None:
    """kill -9 of what serves requests, without its supervisor, which starts another."""
    for pid in descendants(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Every process that has `pid` among its ancestors."""
    parents = dict(_parents())
    found = {pid}
    grown = True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - {pid}


def still_running(pids: set[int]) -> set[int]:
    """Those of `pids` that have not ended; one that ended and that nobody has waited for does not count."""
    return pids & {pid for pid, _ in _parents()}


def _parents() -> Iterator[tuple[int, int]]:
    """Each process that runs, and its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            if state != "Z":
                yield int(entry.name), int(parent)
