"""`tallystick dev` as a user has it: it starts all, keeps the data, and takes all with it when it ends."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from infrastructure.embedded.lock import pid_in
from interfaces.composition import free_port
from tests.crash.system import descendants, still_running
from tests.support.running import Merchant, eventually

STOPPED_WITHIN_S = 15.0


class Dev(NamedTuple):
    """A running `tallystick dev`, with the URL and the API key that it printed."""

    process: subprocess.Popen[str]
    url: str
    secret: str

    @property
    def all_pids(self) -> set[int]:
        return {self.process.pid} | descendants(self.process.pid)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.mark.system
async def test_it_keeps_its_data_and_leaves_nothing_running_however_it_ends(folder: Path, port: int) -> None:
    with dev(folder, port) as first:
        async with merchant_at(first.url, first.secret) as merchant:
            paid = await merchant.pay(key="first")
            assert (paid.status, paid.json["status"]) == (201, "captured")
        pids = first.all_pids
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(STOPPED_WITHIN_S) == 0
        assert still_running(pids) == set()

    with dev(folder, port) as second:
        async with merchant_at(second.url, first.secret) as merchant:
            again = await merchant.pay(key="first")
            assert (again.status, again.body) == (paid.status, paid.body)
        orphans = second.all_pids
        second.process.kill()
        second.process.wait()

    with dev(folder, port) as third:
        async with merchant_at(third.url, first.secret) as merchant:
            assert (await merchant.pay(key="first")).body == paid.body
            assert (await merchant.pay(key="second")).json["status"] == "captured"

        async def none_is_left() -> bool:
            return not still_running(orphans)

        await eventually(none_is_left, "what the killed one had started has ended", within_s=STOPPED_WITHIN_S)
        pids = third.all_pids
        third.process.send_signal(signal.SIGTERM)
        assert third.process.wait(STOPPED_WITHIN_S) == 0
        assert still_running(pids) == set()


@pytest.mark.system
async def test_postgres_and_nats_are_started_again_when_they_die(folder: Path, port: int) -> None:
    with dev(folder, port) as running:
        async with merchant_at(running.url, running.secret) as merchant:
            for server, pid_file in (("postgres", "postgres/postmaster.pid"), ("nats", "nats.pid")):
                pid = pid_in(folder / pid_file)
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                await asyncio.to_thread(said_by, running, f"{server} runs again")

                async def pays_and_shows() -> bool:
                    paid = await merchant.pay()
                    shown = (
                        await merchant.get(f"/v1/payments/{paid.json['payment_id']}") if paid.status == 201 else paid
                    )
                    listed = await merchant.get("/v1/payments?limit=1")
                    return shown.status == listed.status == 200 and listed.json["payments"] == [shown.json]

                await eventually(pays_and_shows, f"payments go on after {server} died", within_s=STOPPED_WITHIN_S)
        pids = running.all_pids
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(STOPPED_WITHIN_S) == 0
        assert still_running(pids) == set()


def said_by(running: Dev, expected: str) -> None:
    """Read what it prints until it says so."""
    assert running.process.stdout is not None
    said = []
    for line in running.process.stdout:
        said.append(line)
        if expected in line:
            return
    raise AssertionError(f"it ended without a word of {expected!r}:\n{''.join(said)}")


@contextmanager
def dev(home: Path, port: int) -> Iterator[Dev]:
    process = subprocess.Popen(
        [sys.executable, "-m", "interfaces.cli.main", "dev", "--port", str(port)],
        env=os.environ | {"TALLYSTICK_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _started(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _started(process: subprocess.Popen[str]) -> Dev:
    """Once it says that it is ready."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C stops everything" in line:
            url, secret = re.search(r"http://\S+", said), re.search(r"tsk_\S+", said)
            assert url is not None, said
            assert secret is not None, said
            return Dev(process, url[0], secret[0])
    raise AssertionError(f"it ended:\n{said}")


@asynccontextmanager
async def merchant_at(url: str, secret: str) -> AsyncIterator[Merchant]:
    """The merchant whose key was printed."""
    async with aiohttp.ClientSession() as http:
        yield Merchant(http, url, "unknown", "unknown", secret)
