"""When a merchant is paid out of itself."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.payout.schedule import missed_day, scheduled_day, scheduled_payout_id
from domain.terms.business_days import CalendarName
from domain.terms.payouts import Daily, Manual, PayoutRule, Weekday, Weekly
from tests.domain.payout.payouts import MERCHANT, RULE

MONDAY = date(2026, 11, 23)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def open_always(_calendar: CalendarName, _day: date) -> bool:
    return False


def shut_on_monday(_calendar: CalendarName, day: date) -> bool:
    return day == MONDAY


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """By the clock of Berlin, in winter."""
    return datetime(day.year, day.month, day.day, hour - 1, minute, tzinfo=UTC)


def on(weekday: Weekday) -> PayoutRule:
    return replace(RULE, schedule=Weekly(weekday))


@given(INSTANTS)
def test_nobody_who_asks_for_payouts_is_paid_out_unasked(now: datetime) -> None:
    assert scheduled_day(replace(RULE, schedule=Manual()), now, open_always) is None


@given(INSTANTS)
def test_a_daily_payout_is_made_on_business_days_alone(now: datetime) -> None:
    day = scheduled_day(replace(RULE, schedule=Daily()), now, shut_on_monday)
    assert day is None or (day.weekday() < 5 and day != MONDAY)


@given(st.sampled_from(Weekday), st.dates(date(2026, 1, 5), date(2027, 12, 20)))
def test_a_weekly_payout_has_one_day_in_seven(weekday: Weekday, first: date) -> None:
    days = [scheduled_day(on(weekday), at(first + timedelta(days=n), 18), open_always) for n in range(7)]
    [day] = [day for day in days if day is not None]
    assert day.weekday() == weekday


def test_it_is_made_two_hours_before_the_cutoff_and_until_the_day_is_over() -> None:
    rule = on(Weekday.MONDAY)
    assert scheduled_day(rule, at(MONDAY, 11, 59), open_always) is None
    assert scheduled_day(rule, at(MONDAY, 12), open_always) == MONDAY
    assert scheduled_day(rule, at(MONDAY, 23, 59), open_always) == MONDAY
    assert scheduled_day(rule, at(MONDAY + timedelta(days=1), 12), open_always) is None


def test_a_day_on_which_banks_are_shut_is_made_up_for() -> None:
    rule = on(Weekday.MONDAY)
    assert scheduled_day(rule, at(MONDAY, 12), shut_on_monday) is None
    assert scheduled_day(rule, at(MONDAY + timedelta(days=1), 12), shut_on_monday) == MONDAY + timedelta(days=1)
    assert scheduled_day(rule, at(MONDAY + timedelta(days=2), 12), shut_on_monday) is None


def test_a_day_through_which_nobody_looked_is_made_up_for() -> None:
    rule, tuesday = on(Weekday.MONDAY), MONDAY + timedelta(days=1)
    assert missed_day(rule, at(tuesday, 1), open_always, looked_at=at(MONDAY, 11, 59)) == MONDAY
    assert missed_day(rule, at(tuesday, 1), open_always, looked_at=at(MONDAY, 12)) is None
    assert missed_day(rule, at(MONDAY, 23), open_always, looked_at=at(MONDAY, 1)) is None, "it is still made today"
    sunday = MONDAY + timedelta(days=6)
    assert missed_day(rule, at(sunday, 9), open_always, looked_at=at(MONDAY, 1)) == MONDAY
    assert missed_day(rule, at(sunday, 9), open_always, looked_at=at(MONDAY - timedelta(days=30), 1)) == MONDAY


def test_of_a_week_whose_day_is_still_to_come_the_week_before_can_be_missed() -> None:
    """Banks are shut on the Monday, so that its day is Tuesday."""
    rule, week_before = on(Weekday.MONDAY), MONDAY - timedelta(days=7)
    assert missed_day(rule, at(MONDAY, 9), shut_on_monday, looked_at=at(week_before, 1)) == week_before
    assert missed_day(rule, at(MONDAY, 9), shut_on_monday, looked_at=at(week_before, 13)) is None


@given(INSTANTS, INSTANTS, st.sampled_from(Weekday))
def test_what_is_made_up_for_is_a_day_of_the_schedule_that_began_after_the_last_look(
    now: datetime, looked_at: datetime, weekday: Weekday
) -> None:
    day = missed_day(on(weekday), now, shut_on_monday, looked_at=looked_at)
    if day is not None:
        assert scheduled_day(on(weekday), at(day, 12), shut_on_monday) == day
        assert looked_at < at(day, 14)
        assert now.date() >= day


@given(INSTANTS, INSTANTS)
def test_nobody_but_a_weekly_merchant_misses_a_day(now: datetime, looked_at: datetime) -> None:
    for schedule in (Manual(), Daily()):
        assert missed_day(replace(RULE, schedule=schedule), now, open_always, looked_at=looked_at) is None


def test_a_day_has_one_payout_in_each_currency() -> None:
    ids = {
        scheduled_payout_id(MERCHANT, currency, day)
        for currency in ("EUR", "USD")
        for day in (MONDAY, MONDAY + timedelta(days=1))
    }
    assert len(ids) == 4
    assert scheduled_payout_id(MERCHANT, "EUR", MONDAY) in ids
