"""A server of a test, which ends its connections with itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(serve: Serve, *where: Any, **options: Any) -> AsyncIterator[asyncio.Server]:
    """A server whose connections are given to `serve`; `where` and `options` are those of asyncio.start_server."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with suppress(asyncio.CancelledError):
            await serve(reader, writer)
        connections.discard(task)

    server = await asyncio.start_server(connected, *where, **options)
    try:
        yield server
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
