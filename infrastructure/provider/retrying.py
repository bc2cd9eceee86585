"""A request that certainly never left is sent again, after growing pauses, under the id that it has."""

import asyncio
import random
from typing import Final

from application.provider import Provider
from domain.payment.events import OperationKind
from domain.payment.outcome import Outcome, Unavailable
from infrastructure.provider.wrapped import Call, WrappedProvider

TRIES_MAX: Final = 3
FIRST_PAUSE_S: Final = 0.05


class RetryingProvider(WrappedProvider):
    """Tries up to `tries_max` times while the provider is Unavailable. Nothing else is ever repeated: what may have
    taken effect belongs to recovery."""

    def __init__(self, provider: Provider, *, tries_max: int = TRIES_MAX, first_pause_s: float = FIRST_PAUSE_S) -> None:
        super().__init__(provider)
        self._tries_max = tries_max
        self._first_pause_s = first_pause_s

    async def _around(self, _kind: OperationKind, call: Call) -> Outcome:
        outcome = await call()
        pause_s = self._first_pause_s
        for _ in range(self._tries_max - 1):
            if not isinstance(outcome, Unavailable):
                break
            # Full jitter: those who failed together do not come back together.
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311
            pause_s *= 2
            outcome = await call()
        return outcome
