"""Work that is found in the views waits for wake-ups only once the views have caught up with the store."""

import asyncio
import math
from collections.abc import Collection
from typing import Any, Final

from application.work.wakeups import Wakeups
from application.write.store import StoreUnavailable
from domain.errors import DomainError
from infrastructure.nats.listener import Listener
from projections.engine.view import View
from projections.engine.waiting import Reader, wait_for

LOOK_EVERY_S: Final = 1.0


class CaughtUp:
    """Compares the positions of `views` with the position that `listener` has heard."""

    def __init__(self, listener: Listener, views: Collection[View[Any]], reader: Reader) -> None:
        self._listener = listener
        self._views = views
        self._reader = reader
        self.wakeups = Wakeups(listener.wakeups)
        """One whenever the views have caught up; relied upon until the store grows again."""

    async def run(self) -> None:
        """Look after each growth of the store, until the views have caught up; for ever."""
        growth = self._listener.wakeups
        while True:
            since = growth.count
            if growth.are_reliable and await self._have_reached(self._listener.claimed):
                self.wakeups.rely()
                await growth.wait(since=since, within_s=math.inf)
                self.wakeups.distrust()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _have_reached(self, position: int) -> bool:
        try:
            await wait_for(self._reader, self._views, position, within_s=0.0)
        except (StoreUnavailable, DomainError):
            return False
        return True
