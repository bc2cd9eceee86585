"""The calendars say what the banks themselves publish."""

import subprocess
import sys
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

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
    assert [is_holiday(each, independence) for each in CalendarName] == [False, True, *[False] * 7]
    assert [is_holiday(each, republic) for each in CalendarName] == [False, False, True, *[False] * 6]


GB, CH, JP, AE, SA = CalendarName.GB, CalendarName.CH, CalendarName.JP, CalendarName.AE, CalendarName.SA


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        (GB, ["2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28"]),
        (CH, ["2026-01-02", "2026-05-01", "2026-05-14", "2026-05-25", "2026-08-01", "2026-12-26"]),
        (JP, ["2026-01-02", "2026-05-06", "2026-07-20", "2026-09-22", "2026-12-31"]),
        (AE, ["2026-01-01", "2026-12-02", "2026-12-03"]),
        (SA, ["2026-02-22", "2026-09-23"]),
    ],
)
def test_banks_are_shut_as_their_country_says(calendar: CalendarName, days: list[str]) -> None:
    assert [day for day in days if not is_holiday(calendar, date.fromisoformat(day))] == []


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        (GB, ["2026-11-30", "2026-03-17", "2026-12-24"]),  # neither Scotland's nor Northern Ireland's
        (CH, ["2026-12-24", "2026-12-31", "2026-04-02"]),
        (JP, ["2026-12-25", "2026-12-30", "2026-01-05"]),
    ],
)
def test_banks_are_open_where_only_others_are_shut(calendar: CalendarName, days: list[str]) -> None:
    assert [day for day in days if is_holiday(calendar, date.fromisoformat(day))] == []


def test_a_weekend_is_not_saturday_and_sunday_everywhere() -> None:
    thursday = date(2026, 11, 19)
    following = {calendar: next_business_day(thursday, calendar, is_holiday) for calendar in CalendarName}
    assert following[SA] == date(2026, 11, 22), "a Sunday"
    assert {following[calendar] for calendar in (GB, CH, JP, AE, TARGET, US)} == {date(2026, 11, 20)}
    assert next_business_day(date(2026, 11, 20), AE, is_holiday) == date(2026, 11, 23)
    assert next_business_day(date(2021, 11, 18), AE, is_holiday) == date(2021, 11, 21), "a Sunday, before 2022"


def test_money_is_available_on_a_sunday_where_banks_work_on_it() -> None:
    rule = replace(DEFAULT_TERMS.settlement, calendar=SA, zone="Asia/Riyadh", business_days=1)
    captured_at = datetime.fromisoformat("2026-11-19T12:00:00+03:00")
    assert available_at(rule, captured_at, is_holiday) == datetime.fromisoformat("2026-11-22T00:00:00+03:00")


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


def test_a_process_imports_no_country_that_nobody_asks_for() -> None:
    """The library's package of countries imports all of them."""
    program = (
        "import infrastructure.calendars as c, sys; c.load(2026); print('holidays.countries.france' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
