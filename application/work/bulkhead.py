"""A provider that hangs keeps nobody waiting who wants to ask another one: at each provider some take their turn at a
time, and where none of these comes to an end, whoever comes next goes away again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.identifiers import ProviderName

AT_A_PROVIDER_MAX = 8
PATIENCE_S = 1.0
"""How long one waits for a turn, and how long a provider may end none before nobody waits."""


class BulkheadFull(Exception):
    """Those whose turn it is at the provider do not come to an end."""


class Bulkhead:
    """At each provider AT_A_PROVIDER_MAX at a time."""

    def __init__(self) -> None:
        self._counters: dict[ProviderName, _Counter] = {}

    @asynccontextmanager
    async def at(self, provider: ProviderName | None) -> AsyncIterator[None]:
        """A turn at the provider, which who asks nobody does not need. Raises BulkheadFull within about PATIENCE_S."""
        if provider is None:
            yield
            return
        counter = self._counters.setdefault(provider, _Counter())
        await counter.enter()
        try:
            yield
        finally:
            counter.leave()


class _Counter:
    """The turns at one provider."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_A_PROVIDER_MAX)
        self._clock = asyncio.get_running_loop().time
        self._moved_at = self._clock()

    async def enter(self) -> None:
        if self._free.locked() and self._clock() - self._moved_at >= PATIENCE_S:
            raise BulkheadFull()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._free.acquire()
        except TimeoutError:
            raise BulkheadFull() from None
        self._moved_at = self._clock()

    def leave(self) -> None:
        self._free.release()
        self._moved_at = self._clock()
