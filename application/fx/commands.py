"""Commands on exchange rates: what is published is checked against all that was published before, and kept for ever."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, cast

from msgspec import Struct

from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.stream import StreamStore, appended
from domain.fx.ecb import read_ecb
from domain.fx.events import FxRatesEvent
from domain.fx.operator_rates import read_operator_rates
from domain.fx.publish import Publication, publish
from domain.fx.rates import FX_RATES, Rates, fold
from domain.history import Cause, Positioned, last_recorded_at

APPEND_EVENTS_MAX: Final = 250
"""Of a file with thousands of days: each append keeps payments waiting for a moment only."""


class Imported(Struct, frozen=True, kw_only=True):
    """`numbers` are those of the days that were new, the oldest first, out of `days` in the file; `ignored` are the
    currencies in it that ISO 4217 does not know, and on how many days."""

    numbers: tuple[int, ...]
    days: int
    ignored: Mapping[str, int]


class FxRates:
    def __init__(self, store: StreamStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def history(self) -> Sequence[Positioned]:
        """Everything that was ever published. Raises StoreUnavailable."""
        return await self._store.history_after(FX_RATES, 0)

    async def rates(self) -> Rates:
        """All sets there are. Raises StoreUnavailable."""
        return fold(rates_events(await self.history()))

    async def import_ecb(self, text: str, cause: Cause) -> Imported:
        """Keep every day of the ECB's file that is new.

        A file that is refused adds nothing: RatesInvalid, RatesDiffer, RatesInFuture. Where TooManyConflicts or
        StoreUnavailable ends a long one, its first days may be there; it can be imported again.
        """
        file = read_ecb(text)
        numbers = [event.number for event in await self._publish(file.publications, cause)]
        return Imported(numbers=tuple(numbers), days=len(file.publications), ignored=file.ignored)

    async def publish(self, text: str, cause: Cause) -> int:
        """Keep an operator's rates under a number; the one they have when they hold already.

        Raises RatesInvalid, RatesInFuture, TooManyConflicts, StoreUnavailable.
        """
        publication = read_operator_rates(text)
        for event in await self._publish([publication], cause):
            return event.number
        of_source_and_moment = (publication.source, publication.as_of)
        return next(
            each.number for each in (await self.rates()).sets if (each.source, each.as_of) == of_source_and_moment
        )

    async def _publish(self, publications: Sequence[Publication], cause: Cause) -> Sequence[FxRatesEvent]:
        """What was new."""
        published: list[FxRatesEvent] = []
        for _ in range(CONFLICTS_MAX):
            history = await self.history()
            events = iter(publish(fold(rates_events(history)), publications, now=self._now()))
            version, updated_at = len(history), last_recorded_at(history)
            while part := list(islice(events, APPEND_EVENTS_MAX)):
                now = self._now() if updated_at is None else max(self._now(), updated_at)
                if not await appended(
                    self._store, FX_RATES, version, part, cause=cause, now=now, updated_at=updated_at
                ):
                    break
                updated_at = now
                published += part
                version += len(part)
            else:
                return published
        raise TooManyConflicts()


def rates_events(history: Sequence[Positioned]) -> Sequence[FxRatesEvent]:
    """The facts of the rates' stream."""
    return [cast("FxRatesEvent", positioned.event.data) for positioned in history]
