"""The rates that a process converts by, at hand, and read again in the background."""

from typing import Final

from application.fx.commands import rates_events
from application.work.background_cache import Refreshing
from application.write.stream import StreamStore
from domain.fx.rates import FX_RATES, Rates, fold

REFRESH_EVERY_S: Final = 5.0


class RateBook:
    """For one process. Where the store cannot be read, the last rates that were read stay: whether they are still fresh
    enough is asked at each conversion (`require_fresh`)."""

    def __init__(self, store: StreamStore) -> None:
        self._store = store
        self._rates = Rates()
        self._seen = 0
        self._refreshing = Refreshing(self.refresh, name="exchange rates", every_s=REFRESH_EVERY_S)

    @property
    def rates(self) -> Rates:
        return self._rates

    async def start(self) -> None:
        """Read once, so that the first conversion has the newest rates already, and from then on every five seconds.

        When the store is away, there are no rates until it is back.
        """
        await self._refreshing.start()

    async def aclose(self) -> None:
        await self._refreshing.aclose()

    async def refresh(self) -> None:
        """Take in what is new. Raises StoreUnavailable."""
        news = await self._store.history_after(FX_RATES, self._seen)
        if news:
            self._rates, self._seen = fold(rates_events(news), self._rates), self._seen + len(news)
