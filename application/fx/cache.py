"""The rates that a process converts by, at hand, and read again in the background."""

from typing import Final

from application.fx.commands import rates_events
from application.work.background_cache import Refreshing
from application.work.wakeups import Wakeups
from application.write.stream import StreamStore
from domain.fx.rates import FX_RATES, Rates, fold

REFRESH_EVERY_S: Final = 5.0


class RateBook:
    """The rates of one process. While the store cannot be read, the last rates read stay in use; each conversion
    checks that they are fresh enough (`require_fresh`)."""

    def __init__(self, store: StreamStore, wakeups: Wakeups | None = None) -> None:
        """`wakeups` tell that the store has grown."""
        self._store = store
        self._rates = Rates()
        self._seen = 0
        self._refreshing = Refreshing(self.refresh, name="exchange rates", every_s=REFRESH_EVERY_S, wakeups=wakeups)

    @property
    def rates(self) -> Rates:
        return self._rates

    async def start(self) -> None:
        """Read the rates once before the first conversion, and within five seconds of each change from then on.

        While the store is away at the start, there are no rates.
        """
        await self._refreshing.start()

    async def aclose(self) -> None:
        await self._refreshing.aclose()

    async def refresh(self) -> None:
        """Read the new events. Raises StoreUnavailable."""
        news = await self._store.history_after(FX_RATES, self._seen)
        if news:
            self._rates, self._seen = fold(rates_events(news), self._rates), self._seen + len(news)
