"""Of what there are few of, everybody uses so many at a time: behind whoever wants more, only their own work waits."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class _Share:
    def __init__(self, at_a_time: int) -> None:
        self.free = asyncio.Semaphore(at_a_time)
        self.wanted = 0


class FairShare:
    """`at_a_time` for each owner that wants any."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._of_owner: dict[Hashable, _Share] = {}

    @asynccontextmanager
    async def one(self, owner: Hashable, *, within_s: float) -> AsyncIterator[None]:
        """While this lasts, `owner` uses one more. Raises TimeoutError when none becomes free in time."""
        share = self._of_owner.setdefault(owner, _Share(self._at_a_time))
        share.wanted += 1
        try:
            async with asyncio.timeout(within_s):
                await share.free.acquire()
            try:
                yield
            finally:
                share.free.release()
        finally:
            share.wanted -= 1
            if not share.wanted:
                del self._of_owner[owner]
