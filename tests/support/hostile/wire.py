"""As much of HTTP/1.1 as a provider that lies needs: requests with a length, answers in one piece."""

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

PASSED_ON: Final = ("idempotency-key", "content-type")


class Asked(NamedTuple):
    """One request; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def headers_passed_on(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name in PASSED_ON}


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """The next request on the connection; None once the other side is done. Raises IncompleteReadError."""
    line = await reader.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


def answer_bytes(http_status: int, body: bytes) -> bytes:
    """A whole answer that keeps the connection alive."""
    head = f"HTTP/1.1 {http_status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
