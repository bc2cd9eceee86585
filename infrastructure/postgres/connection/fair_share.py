"""Each owner uses a bounded number of a scarce resource at a time, so that only the owner's own work waits for more."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class _Share:
    def __init__(self, at_a_time: int) -> None:
        self.free = asyncio.Semaphore(at_a_time)
        self.wanted = 0


class ShareTaken(Exception):
    """The owner's share was in use by the owner's other work for the whole wait."""


class FairShare:
    """`at_a_time` units for each owner."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._of_owner: dict[Hashable, _Share] = {}

    @asynccontextmanager
    async def one(self, owner: Hashable | None, *, within_s: float) -> AsyncIterator[None]:
        """Hold one unit of `owner` in the block; None has no bound. Raises ShareTaken where none is free within
        `within_s` seconds."""
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
