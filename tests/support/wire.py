"""A client that sends any bytes over a socket of its own, and reads what comes back as HTTP or not at all."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

CLOSE = object()


class Answer(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value under that name, in lower case."""
        return next((value for key, value in self.headers if key == name), None)


class Exchange(NamedTuple):
    """What one connection brought: its answers in order, and whether the server ended it."""

    answers: Sequence[Answer]
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


class Wire:
    """One connection to the server at `url`."""

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)

    async def __aenter__(self) -> "Wire":
        self._reader, self._writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def send(self, data: bytes, *, ends: bool = False) -> None:
        """`ends` shuts our half of the connection. A server that hangs up meanwhile is no error: the answers tell."""
        try:
            self._writer.write(data)
            await self._writer.drain()
            if ends:
                self._writer.write_eof()
        except OSError:
            pass

    async def read(self, *, answers_max: int = 1, within_s: float = 10.0, method: str = "GET") -> Exchange:
        """Answers until there are `answers_max`, the server ends the connection, or nothing came for `within_s`."""
        answers: list[Answer] = []
        try:
            while len(answers) < answers_max:
                async with asyncio.timeout(within_s):
                    answers.append(await self._answer(method))
        except (asyncio.IncompleteReadError, ConnectionError):
            return Exchange(answers, is_closed=True)
        except TimeoutError:
            return Exchange(answers, is_closed=False)
        return Exchange(answers, is_closed=False)

    async def is_closed(self, *, within_s: float = 10.0) -> bool:
        """Whether the server ends the connection by then, sending nothing more."""
        try:
            async with asyncio.timeout(within_s):
                return await self._reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    async def _answer(self, method: str) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = tuple(
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line)
        )
        status = int(head[0].split(" ")[1])
        answer = Answer(status, headers, b"")
        if status == 100 or method == "HEAD":
            return answer
        if answer.header("transfer-encoding") == "chunked":
            return answer._replace(body=await self._chunks())
        return answer._replace(body=await self._reader.readexactly(int(answer.header("content-length") or 0)))

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)
