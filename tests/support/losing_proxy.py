"""A proxy in front of a provider that passes requests on and, when told to, loses the answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.connections import served

HOST = "127.0.0.1"


class LosingProxy:
    """`url` stands for the provider's; while `loses_answers` is true, what the provider says reaches nobody: they wait
    for it in vain, or see the connection end where the proxy `hangs_up`."""

    def __init__(self, upstream: str, *, hangs_up: bool = False) -> None:
        address = urlsplit(upstream)
        self._host, self._port = address.hostname or HOST, address.port or 80
        self._hangs_up = hangs_up
        self.loses_answers = False
        self.url = ""

    @contextmanager
    def losing(self) -> Iterator[None]:
        """While this lasts, answers are lost."""
        self.loses_answers = True
        try:
            yield
        finally:
            self.loses_answers = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, there_writer))
                both.create_task(self._answer(there_reader, writer))
        except* OSError:
            pass
        finally:
            for end in (writer, there_writer):
                end.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(65536):
            if not self.loses_answers:
                writer.write(heard)
                await writer.drain()
            elif self._hangs_up:
                break
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while heard := await reader.read(65536):
        writer.write(heard)
        await writer.drain()
    with suppress(OSError):
        writer.close()


@asynccontextmanager
async def losing_proxy(upstream: str, *, hangs_up: bool = False) -> AsyncIterator[LosingProxy]:
    """A proxy before the server at `upstream`, gone afterwards with its connections."""
    proxy = LosingProxy(upstream, hangs_up=hangs_up)
    async with served(proxy.serve, HOST) as server:
        proxy.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        yield proxy
