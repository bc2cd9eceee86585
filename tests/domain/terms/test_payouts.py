"""A bank executes on a business day what reached it before its cutoff."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.terms.business_days import IsHoliday, day_of
from domain.terms.payouts import Weekday, execution_date
from domain.terms.terms import DEFAULT_TERMS
from tests.support.terms import holidays, no_holiday

DEFAULT = DEFAULT_TERMS.payouts
BERLIN = ZoneInfo("Europe/Berlin")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(BERLIN))  # noqa: DTZ001


@given(moments, holidays)
def test_nothing_is_executed_while_banks_are_shut(at: datetime, is_holiday: IsHoliday) -> None:
    day = execution_date(DEFAULT, at, is_holiday)
    assert day >= day_of(at, DEFAULT.zone)
    assert day.weekday() < 5
    assert not is_holiday(DEFAULT.calendar, day)


@pytest.mark.parametrize(
    ("sent", "executed"),
    [
        ("2026-11-20T13:59", "2026-11-20"),
        ("2026-11-20T14:00", "2026-11-20"),
        ("2026-11-20T14:01", "2026-11-23"),
        ("2026-11-21T10:00", "2026-11-23"),
    ],
)
def test_the_cutoff_counts_by_the_banks_clock(sent: str, executed: str) -> None:
    at = datetime.fromisoformat(sent).replace(tzinfo=BERLIN)
    assert execution_date(DEFAULT, at, no_holiday) == date.fromisoformat(executed)


def test_sums_are_of_their_currency() -> None:
    rule = replace(DEFAULT, minimum_minor={"EUR": 1_000}, hold_above_minor={"EUR": 5_000})
    assert [rule.minimum_for(currency) for currency in ("EUR", "JPY")] == [1_000, 1]
    assert [rule.hold_above(currency) for currency in ("EUR", "JPY")] == [5_000, None]
    assert DEFAULT.minimum_for("EUR") == 1
    assert DEFAULT.hold_above("EUR") is None


def test_a_weekday_counts_as_dates_do() -> None:
    assert date(2026, 11, 23).weekday() == Weekday.MONDAY
