"""What is done about deliveries is done so many at a time for each provider: a slow one holds up its own, and nobody
else's."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from uuid import UUID

from application.webhook_in.inbox import Delivery
from domain.identifiers import ProviderName

ACTING_MAX: Final = 32
"""ProviderLanes about one provider's deliveries at a time, each of which may ask the provider."""
BEGUN_MAX: Final = 128
"""No more of a provider's deliveries are taken in while so many wait to be acted on."""


class ProviderLanes:
    """Those that were begun and have not ended, of one worker."""

    def __init__(self) -> None:
        self._slots: dict[ProviderName, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(ACTING_MAX))
        self._begun: dict[UUID, asyncio.Task[None]] = {}
        self._begun_for: Counter[ProviderName] = Counter()

    def begin(self, delivery: Delivery, act: Callable[[], Awaitable[None]]) -> None:
        """Have `act` done when it is its turn. It raises nothing."""
        task = asyncio.create_task(self._in_turn(delivery.provider, act))
        self._begun[delivery.id] = task
        self._begun_for[delivery.provider] += 1

        def ended(_: asyncio.Task[None]) -> None:
            del self._begun[delivery.id]
            self._begun_for[delivery.provider] -= 1

        task.add_done_callback(ended)

    @property
    def deliveries(self) -> Collection[UUID]:
        return self._begun.keys()

    @property
    def full(self) -> list[ProviderName]:
        """Providers of which so many wait that no more should be begun."""
        return [provider for provider, begun in self._begun_for.items() if begun >= BEGUN_MAX]

    async def settle(self) -> None:
        """Until none is left."""
        while self._begun:
            await asyncio.gather(*self._begun.values())

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = list(self._begun.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_turn(self, provider: ProviderName, act: Callable[[], Awaitable[None]]) -> None:
        async with self._slots[provider]:
            await act()
