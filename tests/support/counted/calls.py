"""Calls to the provider and the bank, counted on the wire by a proxy in front of the simulator."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.support.connections import served

HOST: Final = "127.0.0.1"
_REQUEST: Final = re.compile(rb"(?:\A|[}\n])(GET|POST|PUT|PATCH|DELETE) (/[^ ?]*)[^ ]* HTTP/1\.1\r\n")
_ID: Final = re.compile(r"/[^/]*\d[^/]{5,}")
_CHUNK_BYTES: Final = 65536


class CountedCalls:
    """Listens on `port` at once, and passes everything on to `upstream_port` while it is served."""

    def __init__(self, port: int, upstream_port: int) -> None:
        self.by_path: Counter[str] = Counter()
        self._upstream_port = upstream_port
        self._socket = socket.create_server((HOST, port), backlog=128)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        async with served(self._serve, sock=self._socket):
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, self._upstream_port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, there_writer))
                both.create_task(_pass_on(there_reader, writer))
        except* OSError:
            pass
        finally:
            for end in (writer, there_writer):
                end.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(_CHUNK_BYTES):
            self.by_path.update(requests_in(asked))
            writer.write(asked)
        writer.close()


def requests_in(asked: bytes) -> list[str]:
    """Method and path of the requests that begin in a piece of what a client sends, with `*` for an id."""
    return [f"{method.decode()} {_ID.sub('/*', path.decode())}" for method, path in _REQUEST.findall(asked)]


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(_CHUNK_BYTES):
        writer.write(said)
    writer.close()
