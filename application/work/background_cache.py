"""Values that a process keeps in memory are refreshed in the background; after a failure the last values stay."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from application.work.wakeups import FALLBACK_S, Wakeups
from application.write.store import StoreUnavailable
from domain.errors import described

REFRESH_WITHIN_S: Final = 5.0

log = logging.getLogger(__name__)


class Refreshing:
    """Calls `refresh`, which may raise StoreUnavailable, at most every `every_s` seconds; `name` is the name in logs.

    While `wakeups` are relied upon, a refresh that succeeded is followed by the next one only after a wake-up, or after
    the seconds that `fresh_for_s` gives.
    """

    def __init__(
        self,
        refresh: Callable[[], Awaitable[None]],
        *,
        name: str,
        every_s: float,
        wakeups: Wakeups | None = None,
        fresh_for_s: Callable[[], float] = lambda: FALLBACK_S,
    ) -> None:
        self._refresh = refresh
        self._name = name
        self._every_s = every_s
        self._wakeups = Wakeups() if wakeups is None else wakeups
        self._fresh_for_s = fresh_for_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Refresh once, if the store answers, and go on in the background. Raises nothing."""
        since = self._wakeups.count
        is_fresh = await self._quietly()
        self._task = asyncio.create_task(self._for_ever(since, is_fresh), name=self._name)

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _quietly(self) -> bool:
        """Refresh; whether that succeeded."""
        try:
            async with asyncio.timeout(REFRESH_WITHIN_S):
                await self._refresh()
        except (StoreUnavailable, TimeoutError):
            return False  # A command that needs the store reports the failure; the last values serve meanwhile.
        except Exception as error:
            log.warning("not_refreshed", extra={"what": self._name, "error": described(error)})
            return False
        return True

    async def _for_ever(self, since: int, is_fresh: bool) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            if is_fresh:
                await self._wakeups.wait(since=since, within_s=self._fresh_for_s() - self._every_s)
            since = self._wakeups.count
            is_fresh = await self._quietly()
