"""Each provider has slots of its own, so that a provider that hangs delays no work for another."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

AT_A_PROVIDER_MAX = 8
PATIENCE_S = 1.0
"""The longest wait for a slot. A full lane in which no slot was taken or freed for as long is not waited for at all."""


class BulkheadFull(Exception):
    """The provider's slots are taken, and none became free in time; `hangs`, where none was taken or freed either."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__(f"hangs={hangs}")
        self.hangs = hangs


class Bulkhead:
    """`slots_max` slots in each lane: a provider's, or an endpoint's. Where `patience_s` is None, a slot is waited for
    without a bound."""

    def __init__(self, *, slots_max: int = AT_A_PROVIDER_MAX, patience_s: float | None = PATIENCE_S) -> None:
        self._slots_max = slots_max
        self._patience_s = patience_s
        self._lanes: dict[Hashable, _Lane] = {}

    @asynccontextmanager
    async def at(self, lane: Hashable | None) -> AsyncIterator[None]:
        """Hold a slot in `lane` for the block; work that calls no provider gives None and needs no slot. Raises
        BulkheadFull within about `patience_s` seconds."""
        if lane is None:
            yield
            return
        slots = self._lanes.setdefault(lane, _Lane(self._slots_max, self._patience_s))
        await slots.enter()
        try:
            yield
        finally:
            slots.leave()


class _Lane:
    """The slots of one lane."""

    def __init__(self, slots_max: int, patience_s: float | None) -> None:
        self._free = asyncio.Semaphore(slots_max)
        self._patience_s = patience_s
        self._clock = asyncio.get_running_loop().time
        self._moved_at = self._clock()

    async def enter(self) -> None:
        if self._free.locked() and self._hangs():
            raise BulkheadFull(hangs=True)
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise BulkheadFull(hangs=self._hangs()) from None
        self._moved_at = self._clock()

    def _hangs(self) -> bool:
        return self._patience_s is not None and self._clock() - self._moved_at >= self._patience_s

    def leave(self) -> None:
        self._free.release()
        self._moved_at = self._clock()
