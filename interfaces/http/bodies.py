"""A body from a sender that nobody knows yet is read in so much time, and who is slow makes room for who comes."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

from interfaces.http.refusals import BodyTooSlow

BODY_WITHIN_S: Final = 5
BODIES_MAX: Final = 128
"""Being read at a time, by one process: at 64 KiB each no more than 8 MiB. Less than the connections that the server
takes at a time, 1,024 for all its processes: else it would take nobody who could make the slowest go."""


class Bodies:
    """The bodies that are being read, the longest first."""

    def __init__(self, *, within_s: float = BODY_WITHIN_S, bodies_max: int = BODIES_MAX) -> None:
        self._within_s = within_s
        self._bodies_max = bodies_max
        self._read: dict[object, asyncio.Timeout] = {}

    async def read(self, body: Callable[[], Awaitable[bytes]]) -> bytes:
        """What `body` gives. Raises BodyTooSlow when that takes too long, or when too many others came meanwhile: one
        that is there already is never in anybody's way, whoever keeps how many of them open."""
        if len(self._read) >= self._bodies_max:
            self._give_the_slowest_up()
        reading = object()
        try:
            async with asyncio.timeout(self._within_s) as limit:
                self._read[reading] = limit
                return await body()
        except TimeoutError:
            raise BodyTooSlow(within_s=math.ceil(self._within_s)) from None
        finally:
            self._read.pop(reading, None)

    def _give_the_slowest_up(self) -> None:
        limit = self._read.pop(next(iter(self._read)))
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())
