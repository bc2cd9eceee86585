"""Of what there are few of, everybody uses so many at a time: behind whoever wants more, only their own work waits."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class _Share:
    def __init__(self, at_a_time: int) -> None:
        self.free = asyncio.Semaphore(at_a_time)
        self.wanted = 0


class ShareTaken(Exception):
    """The owner's other work left this one nothing in time."""


class FairShare:
    """`at_a_time` for each owner that wants any."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._of_owner: dict[Hashable, _Share] = {}

    @asynccontextmanager
    async def one(self, owner: Hashable | None, *, within_s: float) -> AsyncIterator[None]:
        """While this lasts, `owner` uses one more; None has no bound. Raises ShareTaken when none is free in time."""
        if owner is None:
            yield
            return
        if (share := self._of_owner.get(owner)) is None:
            share = self._of_owner[owner] = _Share(self._at_a_time)
        share.wanted += 1
        try:
            await _acquire(share.free, within_s)
            try:
                yield
            finally:
                share.free.release()
        finally:
            share.wanted -= 1
            if not share.wanted:
                del self._of_owner[owner]


async def _acquire(free: asyncio.Semaphore, within_s: float) -> None:
    if not free.locked():
        await free.acquire()
        return
    try:
        async with asyncio.timeout(within_s):
            await free.acquire()
    except TimeoutError as error:
        raise ShareTaken from error
