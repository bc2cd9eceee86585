"""A request that was certainly never sent is sent again, after growing pauses, under the same id."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from application.provider.port import Provider
from domain.payment.events import OperationKind
from domain.payment.outcome import Outcome, Unavailable
from infrastructure.provider.wrapped import Call, WrappedProvider

TRIES_MAX: Final = 3
FIRST_PAUSE_S: Final = 0.05


class RetryingProvider(WrappedProvider):
    """Tries up to TRIES_MAX times while the provider is Unavailable, unless `is_shut` says that there is no use in it
    now. Nothing else is ever repeated: what may have taken effect belongs to recovery."""

    def __init__(
        self,
        provider: Provider,
        is_shut: Callable[[OperationKind], bool],
        *,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        super().__init__(provider)
        self._is_shut = is_shut
        self._first_pause_s = first_pause_s

    async def _around(self, kind: OperationKind, call: Call) -> Outcome:
        outcome = await call()
        pause_s = self._first_pause_s
        for _ in range(TRIES_MAX - 1):
            if not isinstance(outcome, Unavailable) or self._is_shut(kind):
                break
            # Full jitter: those who failed together do not come back together.
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311
            pause_s *= 2
            outcome = await call()
        return outcome
