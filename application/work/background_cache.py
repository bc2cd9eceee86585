"""Values that a process keeps in memory are refreshed in the background; after a failure the last values stay."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from application.write.store import StoreUnavailable
from domain.errors import described

REFRESH_WITHIN_S: Final = 5.0

log = logging.getLogger(__name__)


class Refreshing:
    """Calls `refresh`, which may raise StoreUnavailable, every `every_s` seconds; `name` is the name in logs."""

    def __init__(self, refresh: Callable[[], Awaitable[None]], *, name: str, every_s: float) -> None:
        self._refresh = refresh
        self._name = name
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Refresh once, if the store answers, and go on in the background. Raises nothing."""
        await self._quietly()
        self._task = asyncio.create_task(self._for_ever(), name=self._name)

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _quietly(self) -> None:
        try:
            async with asyncio.timeout(REFRESH_WITHIN_S):
                await self._refresh()
        except (StoreUnavailable, TimeoutError):
            pass  # A command that needs the store reports the failure; the last values serve meanwhile.
        except Exception as error:
            log.warning("not_refreshed", extra={"what": self._name, "error": described(error)})

    async def _for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._quietly()
