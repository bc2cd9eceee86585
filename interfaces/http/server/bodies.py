"""Request bodies are received within a time limit, and the slowest is given up when too many are being received."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from litestar.types import Receive, Scope

from application.work.deadline import not_counted
from domain.errors import DomainError
from interfaces.resources.refusals import BodyIncomplete, BodyTooLarge, BodyTooSlow

BODY_BYTES_MAX: Final = 64 * 1024
BODY_WITHIN_S: Final = 5
BODIES_MAX: Final = 128
"""Bodies being received at a time by one process: at 64 KiB each no more than 8 MiB. Fewer than the server's
connections, so that a new connection can always displace the slowest body."""


class Bodies:
    """The bodies being received, each owner's in order of arrival."""

    def __init__(self, *, within_s: float = BODY_WITHIN_S, bodies_max: int = BODIES_MAX) -> None:
        self._within_s = within_s
        self._bodies_max = bodies_max
        self._count = 0
        self._of_owner: defaultdict[Hashable, dict[object, asyncio.Timeout]] = defaultdict(dict)

    async def read(self, owner: Hashable, body: Callable[[], Awaitable[bytes]]) -> bytes:
        """The result of `body`. Raises BodyTooSlow after the time limit, and when the body is given up for others: with
        too many bodies, the oldest of the owner with most of them is given up. A body that has arrived completely
        displaces none."""
        if self._count >= self._bodies_max:
            self._give_up_slowest()
        receiving = object()
        try:
            async with asyncio.timeout(self._within_s) as limit:
                self._of_owner[owner][receiving] = limit
                self._count += 1
                return await body()
        except TimeoutError:
            raise BodyTooSlow(within_s=math.ceil(self._within_s)) from None
        finally:
            self._forget(owner, receiving)

    def _give_up_slowest(self) -> None:
        owner, theirs = max(self._of_owner.items(), key=lambda item: len(item[1]))
        receiving, limit = next(iter(theirs.items()))
        self._forget(owner, receiving)
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())

    def _forget(self, owner: Hashable, receiving: object) -> None:
        theirs = self._of_owner.get(owner, {})
        if theirs.pop(receiving, None) is not None:
            self._count -= 1
            if not theirs:
                del self._of_owner[owner]


async def whole_body(
    scope: Scope, receive: Receive, *, bytes_max: int = BODY_BYTES_MAX, too_large: DomainError | None = None
) -> bytes:
    """The request's body, of which at most `bytes_max` are received.

    Raises BodyIncomplete, and `too_large` (BodyTooLarge by default).
    """
    length = _announced(scope)
    size, parts, more = 0, [], length != 0
    if length is not None and length > bytes_max:
        raise too_large or BodyTooLarge(bytes_max=bytes_max)
    while more:
        with not_counted():
            message = await receive()
        if message["type"] != "http.request":
            raise BodyIncomplete()
        parts.append(message["body"])
        size += len(message["body"])
        if size > bytes_max:
            raise too_large or BodyTooLarge(bytes_max=bytes_max)
        # After the last announced byte no further message is waited for.
        more = message["more_body"] and size != length
    return b"".join(parts)


def _announced(scope: Scope) -> int | None:
    """The body's announced length, 0 for none; None for a chunked body. The server has checked the header."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            return None
    return length
