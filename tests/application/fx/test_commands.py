"""Rates in the store: each set published in one append under one number, and known to every process soon after."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from application.fx import commands as fx
from application.fx.cache import RateBook
from application.fx.commands import FxRates
from application.work.background_cache import Refreshing
from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.store import Append, AppendResult, StoreUnavailable, VersionConflict
from domain.fx.events import FxRatesPublished
from domain.fx.publish import RatesDiffer, RatesInFuture
from domain.fx.rates import FX_RATES, Rates
from domain.fx.rates_file import RatesInvalid
from domain.history import Cause, Positioned
from domain.identifiers import PLATFORM
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.rates import (
    DAILY_XML,
    FRIDAY,
    FRIDAY_RATES,
    HIST_CSV,
    HIST_XML,
    LATER,
    OPERATOR_TEXT,
    ecb_hist_csv,
    ecb_xml,
)
from tests.support.store import open_store, until

ANNA = Cause(actor="operator:anna", request_id="req_1", trace_id="0" * 32)
LAST_MONTH = {date(2026, 10, day): {"USD": f"1.08{day:02}"} for day in range(1, 31)}


class TroubledStore:
    """A store that is away for a while, or in which somebody else is always first."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.is_away = False
        self.conflicts = 0

    async def append(self, append: Append) -> AppendResult:
        if self.conflicts > 0:
            self.conflicts -= 1
            return VersionConflict()
        return await self._store.append(append)

    async def history_after(self, stream_id: UUID, version: int) -> list[Positioned]:
        if self.is_away:
            raise StoreUnavailable("away")
        return list(await self._store.history_after(stream_id, version))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresEventStore]:
    async with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def rates(store: PostgresEventStore) -> FxRates:
    return rates_at(store, LATER)


def rates_at(store: PostgresEventStore | TroubledStore, moment: datetime) -> FxRates:
    return FxRates(store, now=lambda: moment)


async def test_rates_are_published_by_whoever_did_it(rates: FxRates, store: PostgresEventStore) -> None:
    assert (await rates.import_ecb(HIST_XML, ANNA)).numbers == (1, 2)
    assert await rates.publish(OPERATOR_TEXT, ANNA) == 3
    history = await store.history(FX_RATES)
    assert {(each.event.actor, each.event.merchant_id, each.event.recorded_at) for each in history} == {
        ("operator:anna", PLATFORM, LATER)
    }
    last = history[1].event.data
    assert isinstance(last, FxRatesPublished)
    assert (last.number, last.rates) == (2, FRIDAY_RATES)
    known = await rates.rates()
    assert [each.version for each in known.sets] == ["operator:3", "ecb:2", "ecb:1"]
    assert known.rate("EUR", "USD").text == "1.0842"


async def test_what_is_known_is_not_published_again(rates: FxRates) -> None:
    assert (await rates.import_ecb(DAILY_XML, ANNA)).numbers == (1,)
    imported = await rates.import_ecb(HIST_CSV, ANNA)
    assert (imported.numbers, imported.days, imported.ignored) == ((2,), 2, {})
    assert (await rates.import_ecb(HIST_XML, ANNA)).numbers == ()
    assert [await rates.publish(OPERATOR_TEXT, ANNA) for _ in range(2)] == [3, 3]
    assert len(await rates.history()) == 3


async def test_an_operators_correction_holds(rates: FxRates) -> None:
    corrected = OPERATOR_TEXT.replace("1.0842", "1.0843")
    assert [await rates.publish(text, ANNA) for text in (OPERATOR_TEXT, corrected, OPERATOR_TEXT)] == [1, 2, 3]
    assert (await rates.rates()).rate("EUR", "USD").rates == "operator:3"


async def test_a_file_that_is_refused_adds_nothing(rates: FxRates, store: PostgresEventStore) -> None:
    await rates.import_ecb(DAILY_XML, ANNA)
    with pytest.raises(RatesDiffer):
        await rates.import_ecb(HIST_XML.replace("1.0850", "1.0851"), ANNA)
    with pytest.raises(RatesInvalid):
        await rates.import_ecb(HIST_XML.replace("164.02", "-164.02"), ANNA)
    with pytest.raises(RatesInvalid):
        await rates.publish(OPERATOR_TEXT.replace("1.0842", "0"), ANNA)
    with pytest.raises(RatesInFuture):
        await rates_at(store, LATER - timedelta(days=1)).publish(OPERATOR_TEXT, ANNA)
    assert len(await rates.history()) == 1


async def test_whoever_publishes_at_the_same_time_gets_a_number_of_their_own(rates: FxRates) -> None:
    texts = [OPERATOR_TEXT.replace("18:30", f"17:3{minute}") for minute in range(6)]
    numbers = await asyncio.gather(*(rates.publish(text, ANNA) for text in texts))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


async def test_the_same_file_at_the_same_time_is_kept_once(rates: FxRates) -> None:
    imported = await asyncio.gather(*(rates.import_ecb(ecb_xml(LAST_MONTH), ANNA) for _ in range(4)))
    assert sorted(number for each in imported for number in each.numbers) == list(range(1, 31))
    assert len(await rates.history()) == len(LAST_MONTH)


async def test_a_long_file_is_kept_part_by_part(
    rates: FxRates, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fx, "APPEND_EVENTS_MAX", 7)
    one, other = await asyncio.gather(
        rates.import_ecb(ecb_xml(LAST_MONTH), ANNA), rates.import_ecb(ecb_hist_csv(LAST_MONTH), ANNA)
    )
    assert sorted(one.numbers + other.numbers) == list(range(1, 31))
    published = [each.event.data for each in await store.history(FX_RATES)]
    assert [each.number for each in published if isinstance(each, FxRatesPublished)] == list(range(1, 31))


async def test_a_conflict_is_decided_again_and_not_for_ever(store: PostgresEventStore) -> None:
    troubled = TroubledStore(store)
    rates = rates_at(troubled, LATER)
    troubled.conflicts = CONFLICTS_MAX - 1
    assert await rates.publish(OPERATOR_TEXT, ANNA) == 1
    troubled.conflicts = CONFLICTS_MAX
    with pytest.raises(TooManyConflicts):
        await rates.import_ecb(DAILY_XML, ANNA)


# the book


async def test_the_book_has_what_was_published(rates: FxRates, store: PostgresEventStore) -> None:
    book = RateBook(store)
    await book.refresh()
    assert book.rates == Rates()
    await rates.publish(OPERATOR_TEXT, ANNA)
    await book.refresh()
    await rates.import_ecb(HIST_XML, ANNA)
    await book.refresh()
    assert book.rates == await rates.rates()


async def test_a_book_that_is_started_follows_by_itself(
    rates: FxRates, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.fx.cache.REFRESH_EVERY_S", 0.05)
    await rates.import_ecb(DAILY_XML, ANNA)
    book = RateBook(store)
    await book.start()
    try:
        assert book.rates.rate("EUR", "USD").rates == "ecb:1"
        await rates.publish(OPERATOR_TEXT, ANNA)

        async def follows() -> bool:
            return book.rates.rate("EUR", "USD").rates == "operator:2"

        await until(follows, "the operator's rates are known")
    finally:
        await book.aclose()


async def test_while_the_store_is_away_the_last_rates_stay(rates: FxRates, store: PostgresEventStore) -> None:
    await rates.import_ecb(DAILY_XML, ANNA)
    troubled = TroubledStore(store)
    book = RateBook(troubled)
    troubled.is_away = True
    await book.start()
    assert book.rates == Rates()
    await book.aclose()
    troubled.is_away = False
    await book.refresh()
    troubled.is_away = True
    with pytest.raises(StoreUnavailable):
        await book.refresh()
    assert book.rates.rate("EUR", "USD").as_of.date() == FRIDAY


async def test_refreshing_goes_on_after_whatever_failed() -> None:
    tried = 0

    async def refresh() -> None:
        nonlocal tried
        tried += 1
        raise StoreUnavailable("away") if tried % 2 else ZeroDivisionError

    refreshing = Refreshing(refresh, name="a test", every_s=0.001)
    await refreshing.start()

    async def goes_on() -> bool:
        return tried > 4

    await until(goes_on, "it is tried again")
    await refreshing.aclose()
    assert "a test" not in {task.get_name() for task in asyncio.all_tasks()}
