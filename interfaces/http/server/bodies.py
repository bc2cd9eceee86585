"""A request's body is there in so much time, or is given up; and who is slow makes room for who comes."""

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
"""Being received at a time, by one process: at 64 KiB each no more than 8 MiB. Less than the connections that the
server takes: else it would take nobody who could make the slowest go."""


class Bodies:
    """The bodies that are being received, each owner's longest first."""

    def __init__(self, *, within_s: float = BODY_WITHIN_S, bodies_max: int = BODIES_MAX) -> None:
        self._within_s = within_s
        self._bodies_max = bodies_max
        self._count = 0
        self._of_owner: defaultdict[Hashable, dict[object, asyncio.Timeout]] = defaultdict(dict)

    async def read(self, owner: Hashable, body: Callable[[], Awaitable[bytes]]) -> bytes:
        """What `body` gives. Raises BodyTooSlow when that takes too long, or when too many others came meanwhile: then
        the slowest of the owner with most of them is given up. A body that is there already is never in anybody's
        way, however many others are held back."""
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
    """The request's body. No more of it is taken in than `bytes_max`.

    Raises BodyIncomplete, and BodyTooLarge or what is given for it.
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
        # Nobody need be asked whether more comes after the last announced byte.
        more = message["more_body"] and size != length
    return b"".join(parts)


def _announced(scope: Scope) -> int | None:
    """How long the body is, 0 for none; None for one that comes in chunks. The server has checked the header."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            return None
    return length
