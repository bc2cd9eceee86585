"""A server that webhooks are sent to: it keeps what it got, and answers what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from tests.support.simulator import DEADLINE_S, HOST


class Delivery(Struct, frozen=True):
    """One delivery as it arrived; the names of `headers` are in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


class Receiver:
    """Takes everything with 204, but for the statuses in `refusals`, which go first and one by one."""

    def __init__(self) -> None:
        self.url = ""
        self.deliveries: list[Delivery] = []
        self.refusals: list[int] = []
        self._arrived = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.deliveries.append(Delivery(headers, await request.read()))
        self._arrived.set()
        return web.Response(status=self.refusals.pop(0) if self.refusals else 204)

    async def until(self, holds: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        """All deliveries so far, once `holds` of them. Raises TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds(self.deliveries):
                self._arrived.clear()
                await self._arrived.wait()
        return self.deliveries


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver on loopback, on a free port unless one is given."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/webhooks", receiver.take)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        receiver.url = f"http://{HOST}:{runner.addresses[0][1]}/webhooks"
        yield receiver
    finally:
        await runner.cleanup()
