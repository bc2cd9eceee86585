"""A second API on the same store, itself of two server processes, and merchants who talk to either."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from application.access.merchant import Directory
from interfaces.composition import ChildProcess, free_port
from interfaces.runtime.supervisor import HOST, Stack, wait_until_listening
from tests.crash.system import descendants
from tests.support.running import Merchant, merchant_in

PROCESSES = 2
TOKEN = "of-the-operator"


class Api(NamedTuple):
    process: ChildProcess
    url: str


@pytest.fixture(scope="package")
def second(stack: Stack) -> Iterator[Api]:
    """Its metrics are for who has the token."""
    port = free_port()
    arguments = ["serve", "--port", str(port), "--workers", str(PROCESSES)]
    process = stack.process("api-2", arguments, TALLYSTICK_METRICS_TOKEN=TOKEN)
    process.start()
    try:
        wait_until_listening(process, port)
        yield Api(process, f"http://{HOST}:{port}")
    finally:
        process.terminate()


def metrics_folder(api: Api) -> Path:
    """Where the processes of `api` leave their counts, as one of them has it open."""
    for pid in descendants(api.process.pid):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            target = file.readlink()
            if target.suffix == ".db":
                return target.parent
    raise AssertionError("no process counts anything")


@pytest.fixture
async def doors(stack: Stack, second: Api, directory: Directory) -> AsyncIterator[list[Merchant]]:
    """One merchant at both APIs, with as many connections as it likes."""
    async with (
        merchant_in(directory, stack.url) as made,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        yield [Merchant(http, url, made.merchant_id, made.key_id, made.secret) for url in (stack.url, second.url)]
