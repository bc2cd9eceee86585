"""Commands on exchange rates: new rates are checked against all rates published before, and kept for ever."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from msgspec import Struct

from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append
from application.write.stream import StreamStore
from domain.fx.ecb import read_ecb
from domain.fx.events import FxRatesEvent
from domain.fx.operator_rates import read_operator_rates
from domain.fx.publish import Publication, publish
from domain.fx.rates import FX_RATES, Rates, fold
from domain.history import Cause, Positioned, last_recorded_at
from domain.identifiers import PLATFORM

APPEND_EVENTS_MAX: Final = 250
"""The most days of a long file in one append, so that payments wait for each append a moment only."""


class Imported(Struct, frozen=True, kw_only=True):
    """The result of importing a file of `days` days.

    `numbers` are those of the days that were new, oldest first. `ignored` has the file's currencies that ISO 4217 does
    not know, and on how many days each was there.
    """

    numbers: tuple[int, ...]
    days: int
    ignored: Mapping[str, int]


class _Unpublished(Struct, frozen=True, kw_only=True):
    """The events that the stream still lacks at `version`, whose last event was recorded at `updated_at`."""

    version: int
    updated_at: datetime | None
    events: tuple[FxRatesEvent, ...]


class FxRates:
    def __init__(self, store: StreamStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def history(self) -> Sequence[Positioned]:
        """All events of the rates' stream. Raises StoreUnavailable."""
        return await self._store.history_after(FX_RATES, 0)

    async def rates(self) -> Rates:
        """All sets of rates. Raises StoreUnavailable."""
        return fold(rates_events(await self.history()))

    async def import_ecb(self, text: str, cause: Cause) -> Imported:
        """Keep every day of the ECB's file that is new.

        Raises RatesInvalid, RatesDiffer, RatesInFuture: a file that is refused adds nothing. Raises TooManyConflicts,
        StoreUnavailable: the first days of a long file may be kept then, and the file can be imported again.
        """
        file = read_ecb(text)
        numbers = [event.number for event in await self._publish(file.publications, cause)]
        return Imported(numbers=tuple(numbers), days=len(file.publications), ignored=file.ignored)

    async def publish(self, text: str, cause: Cause) -> int:
        """The number under which an operator's rates are kept; rates that are in force keep their number.

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
        """The events of those publications that were new, appended part by part."""
        published: list[FxRatesEvent] = []

        async def load() -> _Unpublished:
            history = await self.history()
            events = publish(fold(rates_events(history)), publications, now=self._now())
            return _Unpublished(version=len(history), updated_at=last_recorded_at(history), events=events)

        def append_part(unpublished: _Unpublished) -> Proposal[_Unpublished] | Unchanged[_Unpublished]:
            part, rest = unpublished.events[:APPEND_EVENTS_MAX], unpublished.events[APPEND_EVENTS_MAX:]
            if not part:
                return Unchanged(unpublished)
            recorded = record_all(
                FX_RATES,
                unpublished.version,
                part,
                merchant_id=PLATFORM,
                cause=cause,
                now=self._now(),
                updated_at=unpublished.updated_at,
            )

            def after_part(_position: int | None) -> _Unpublished:
                published.extend(part)
                last = recorded[-1]
                return _Unpublished(version=last.originator_version, updated_at=last.recorded_at, events=rest)

            return Proposal(Append(events=recorded), after_part)

        unpublished: _Unpublished | None = None
        while unpublished is None or unpublished.events:
            unpublished = await decide_and_append(
                self._store,
                load,
                append_part,
                limit_broken=unreachable,
                key_used=unreachable,
                known=unpublished,
            )
        return published


def rates_events(history: Sequence[Positioned]) -> Sequence[FxRatesEvent]:
    """The events of the rates' stream."""
    return [cast("FxRatesEvent", positioned.event.data) for positioned in history]
