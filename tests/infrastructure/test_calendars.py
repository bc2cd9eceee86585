"""The calendars say what the banks themselves publish."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.terms.business_days import CalendarName, next_business_day
from domain.terms.settlement import available_at
from domain.terms.terms import DEFAULT_TERMS
from infrastructure.calendars import _holidays, is_holiday, load

TARGET, US, IN = CalendarName.TARGET, CalendarName.US, CalendarName.IN


@pytest.mark.parametrize(
    "day",
    [
        *("2026-05-01", "2026-12-25", "2026-12-26"),
        *("2027-01-01", "2027-03-26", "2027-03-29", "2027-05-01"),
    ],
)
def test_target_is_closed(day: str) -> None:
    assert is_holiday(TARGET, date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-10-03", "2026-12-24", "2026-12-28", "2026-12-31", "2027-05-06"])
def test_target_keeps_no_holiday_of_a_country(day: str) -> None:
    assert not is_holiday(TARGET, date.fromisoformat(day))


@pytest.mark.parametrize(
    "day", ["2026-01-01", "2026-01-19", "2026-06-19", "2026-10-12", "2026-11-11", "2026-11-26", "2027-07-05"]
)
def test_the_federal_reserve_is_closed(day: str) -> None:
    assert is_holiday(US, date.fromisoformat(day))


def test_a_holiday_on_a_saturday_shuts_no_american_bank_on_friday() -> None:
    assert is_holiday(US, date(2026, 7, 4))
    assert not is_holiday(US, date(2026, 7, 3))
    assert next_business_day(date(2026, 7, 2), US, is_holiday) == date(2026, 7, 3)


@pytest.mark.parametrize("day", ["2026-01-26", "2026-08-15", "2026-10-02", "2026-12-25"])
def test_india_is_closed(day: str) -> None:
    assert is_holiday(IN, date.fromisoformat(day))


def test_the_calendars_are_not_one() -> None:
    independence, republic = date(2027, 7, 5), date(2026, 1, 26)
    assert [is_holiday(each, independence) for each in CalendarName] == [False, True, False, False]
    assert [is_holiday(each, republic) for each in CalendarName] == [False, False, True, False]


def test_two_business_days_over_christmas() -> None:
    captured_at = datetime.fromisoformat("2026-12-23T15:00:00+01:00")
    assert available_at(DEFAULT_TERMS.settlement, captured_at, is_holiday) == datetime.fromisoformat(
        "2026-12-28T00:00:00+01:00"
    )


@given(st.sampled_from(CalendarName), st.dates(date(2001, 1, 1), date(2035, 12, 1)))
def test_banks_are_never_shut_for_two_weeks(calendar: CalendarName, day: date) -> None:
    assert next_business_day(day, calendar, is_holiday) - day < timedelta(days=14)


def test_a_year_that_was_loaded_is_at_hand() -> None:
    load(2031)
    worked_out = _holidays.cache_info().misses
    for calendar in CalendarName:
        is_holiday(calendar, date(2031, 5, 1))
    assert _holidays.cache_info().misses == worked_out
