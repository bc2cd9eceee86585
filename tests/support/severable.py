"""A wire between a client and a server that can be severed as a network is: without a word to either end."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"


class Wire:
    """`port` stands for the server's. While the wire is severed nothing passes, and nobody is told."""

    def __init__(self, server_port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.port = 0
        self._server_port = server_port
        self._loop = loop
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def sever(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """What was begun before is over, as after so long a silence."""
        self._loop.call_soon_threadsafe(self._mend)

    def _mend(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._whole.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        try:
            await self._whole.wait()
            there_reader, there_writer = await asyncio.open_connection(HOST, self._server_port)
            ends.append(there_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, there_writer))
                both.create_task(self._pass_on(there_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for end in ends:
                end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(65536):
            await self._whole.wait()
            writer.write(heard)
            await writer.drain()
        await self._whole.wait()
        with suppress(OSError):
            writer.close()


@contextmanager
def wires(*server_ports: int) -> Iterator[list[Wire]]:
    """One wire to each server, in a thread of their own: a test that waits for something holds nobody up."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wires")
    thread.start()

    async def lay() -> list[Wire]:
        laid = [Wire(port, loop) for port in server_ports]
        for wire in laid:
            server = await asyncio.start_server(wire.serve, HOST)
            wire.port = server.sockets[0].getsockname()[1]
        return laid

    async def take_up() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield asyncio.run_coroutine_threadsafe(lay(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(take_up(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
