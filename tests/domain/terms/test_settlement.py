"""Money is available on a business day, never before it was captured, and never earlier for having come later."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.money.money import Money
from domain.terms.business_days import CalendarName, IsHoliday, day_of
from domain.terms.settlement import SettlementRule, available_at, reserve_on, reserve_until
from domain.terms.terms import DEFAULT_TERMS
from tests.support.terms import holidays, no_holiday

DEFAULT = DEFAULT_TERMS.settlement
TURNS = {
    "Europe/Berlin": "2026-10-25T01:00:00Z",
    "America/New_York": "2026-11-01T06:00:00Z",
    "America/Havana": "2020-11-01T05:00:00Z",
    "America/Sao_Paulo": "2018-02-18T02:00:00Z",
    "America/St_Johns": "2006-10-29T02:31:00Z",  # one minute past midnight
    "Africa/Cairo": "2026-10-29T21:00:00Z",  # a Thursday's last hour, which comes twice
    "Asia/Beirut": "2026-03-28T22:00:00Z",
    "Asia/Kolkata": "2026-01-01T00:00:00Z",
}
"""Zones, and a moment at which the clocks of each are set."""
rules = st.builds(
    SettlementRule,
    version=st.just("any:1"),
    business_days=st.integers(0, 7),
    calendar=st.sampled_from((CalendarName.TARGET, CalendarName.US, CalendarName.IN)),
    cutoff=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(sorted(TURNS)),
    reserve_basis_points=st.integers(0, 10_000),
    reserve_days=st.integers(0, 200),
)


@st.composite
def rules_and_moments(draw: st.DrawFn) -> tuple[SettlementRule, datetime]:
    """Any moment, and often one near where clocks are set."""
    rule = draw(rules)
    turn = datetime.fromisoformat(TURNS[rule.zone])
    widths = st.sampled_from((timedelta(minutes=1), timedelta(hours=2), timedelta(hours=30)))
    near = widths.flatmap(lambda width: st.timedeltas(-width, width)).map(lambda off: turn + off)
    anywhere = st.datetimes(datetime(2001, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    return rule, draw(near | anywhere)


@given(rules_and_moments(), holidays)
def test_money_is_available_at_the_start_of_a_business_day_or_at_once(
    drawn: tuple[SettlementRule, datetime], is_holiday: IsHoliday
) -> None:
    rule, captured_at = drawn
    available = available_at(rule, captured_at, is_holiday)
    assert available >= captured_at
    if available > captured_at:
        day = day_of(available, rule.zone)
        assert day.weekday() < 5
        assert not is_holiday(rule.calendar, day)
        assert day_of(available - timedelta(microseconds=1), rule.zone) < day
    if rule.business_days:
        assert day_of(available, rule.zone) > day_of(captured_at, rule.zone)


@given(rules_and_moments(), st.timedeltas(timedelta(0), timedelta(hours=40)), holidays)
def test_what_is_captured_later_is_not_available_earlier(
    drawn: tuple[SettlementRule, datetime], later: timedelta, is_holiday: IsHoliday
) -> None:
    rule, captured_at = drawn
    assert available_at(rule, captured_at, is_holiday) <= available_at(rule, captured_at + later, is_holiday)
    assert captured_at <= reserve_until(rule, captured_at) <= reserve_until(rule, captured_at + later)


@given(rules_and_moments(), holidays)
def test_another_business_day_is_another_day(drawn: tuple[SettlementRule, datetime], is_holiday: IsHoliday) -> None:
    rule, captured_at = drawn
    longer = replace(rule, business_days=rule.business_days + 1)
    assert available_at(rule, captured_at, is_holiday) < available_at(longer, captured_at, is_holiday)


@given(rules, st.integers(0, 10**12))
def test_a_reserve_is_a_part_of_the_amount(rule: SettlementRule, minor: int) -> None:
    assert 0 <= reserve_on(rule, Money(minor, "JPY")).minor <= minor


@given(rules, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_nobody_keeps_less_in_reserve_by_capturing_in_small_parts(rule: SettlementRule, parts: list[int]) -> None:
    whole = reserve_on(rule, Money(sum(parts), "EUR")).minor
    assert whole <= sum(reserve_on(rule, Money(part, "EUR")).minor for part in parts) < whole + len(parts)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("captured", "available"),
    [
        ("2026-11-16T09:00", "2026-11-18"),  # a Monday
        ("2026-11-16T17:00", "2026-11-18"),  # at the cutoff
        ("2026-11-16T17:00:00.000001", "2026-11-19"),
        ("2026-11-19T09:00", "2026-11-23"),  # over the weekend
        ("2026-11-20T18:00", "2026-11-25"),
        ("2026-11-21T23:00", "2026-11-25"),  # a Saturday counts as Monday, and so does its evening
        ("2026-11-22T00:00", "2026-11-25"),
        ("2026-10-23T12:00", "2026-10-27"),  # over the end of summer time
        ("2026-03-27T12:00", "2026-03-31"),
    ],
)
def test_two_business_days(captured: str, available: str) -> None:
    assert available_at(DEFAULT, berlin(captured), no_holiday) == berlin(f"{available}T00:00").astimezone(UTC)


def test_a_holiday_does_not_count() -> None:
    def is_holiday(calendar: CalendarName, day: date) -> bool:
        return calendar is CalendarName.TARGET and day in (date(2026, 12, 25), date(2026, 12, 26))

    captured = berlin("2026-12-23T12:00")
    assert available_at(DEFAULT, captured, is_holiday) == berlin("2026-12-28T00:00")
    american = replace(DEFAULT, calendar=CalendarName.US)
    assert available_at(american, captured, is_holiday) == berlin("2026-12-25T00:00")


def test_at_once_is_at_once_until_the_cutoff() -> None:
    rule = replace(DEFAULT, business_days=0)
    assert available_at(rule, berlin("2026-11-16T09:00"), no_holiday) == berlin("2026-11-16T09:00")
    assert available_at(rule, berlin("2026-11-16T19:00"), no_holiday) == berlin("2026-11-17T00:00")


def test_in_the_hour_that_comes_twice_the_cutoff_is_the_first() -> None:
    rule = replace(DEFAULT, business_days=1, cutoff=time(23, 15), calendar=CalendarName.US, zone="Africa/Cairo")
    # A Thursday, at 23:10, at 23:20, and when the clocks are back at 23:10.
    before, after, again = (datetime(2026, 10, 29, *at, tzinfo=UTC) for at in ((20, 10), (20, 20), (21, 10)))
    days = [day_of(available_at(rule, at, no_holiday), rule.zone) for at in (before, after, again)]
    assert days == [date(2026, 10, 30), date(2026, 11, 2), date(2026, 11, 2)]


def test_a_day_that_has_begun_stays_where_clocks_are_set_back_into_the_one_before() -> None:
    rule = replace(DEFAULT, reserve_days=10, zone="America/St_Johns")
    # One minute past midnight of the 29th it was a minute past eleven of the 28th again.
    begun, again = datetime(2006, 10, 29, 2, 30, 30, tzinfo=UTC), datetime(2006, 10, 29, 2, 45, tzinfo=UTC)
    assert day_of(begun, rule.zone) == day_of(again, rule.zone) == date(2006, 10, 29)
    assert reserve_until(rule, begun) == reserve_until(rule, again)


def test_a_reserve_ends_at_a_local_midnight() -> None:
    rule = replace(DEFAULT, reserve_basis_points=1_000, reserve_days=90)
    assert reserve_until(rule, berlin("2026-11-21T23:30")) == berlin("2027-02-19T00:00")
    assert reserve_on(rule, Money(1_005, "EUR")) == Money(101, "EUR")
    assert reserve_on(DEFAULT, Money(1_005, "EUR")) == Money(0, "EUR")


def test_a_limit_is_of_its_currency() -> None:
    rule = replace(DEFAULT, negative_limit_minor={"EUR": 500, "*": 7})
    assert [rule.limit_for(currency) for currency in ("EUR", "USD")] == [500, 7]
    assert DEFAULT.limit_for("EUR") == 100_000, "so that one payment can be refunded whole although its fee is kept"
    assert replace(DEFAULT, negative_limit_minor={"EUR": 500}).limit_for("USD") == 0


@given(st.datetimes(datetime(2001, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)), holidays)  # noqa: DTZ001
def test_on_the_calendar_of_every_day_weekends_and_holidays_keep_nothing_waiting(
    captured_at: datetime, is_holiday: IsHoliday
) -> None:
    rule = replace(DEFAULT, business_days=0, calendar=CalendarName.EVERY_DAY, cutoff=time(23, 59))
    assert available_at(rule, captured_at, is_holiday) - captured_at <= timedelta(minutes=1)
