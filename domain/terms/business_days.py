"""The business day of an instant is found by the clock of one place, a cutoff, and the banks' holidays.

Days are told apart by instants, never by comparing local times, which run through an hour twice when summer ends.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MIDNIGHT: Final = time(0)
FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
AE_WEEKEND_MOVED_ON: Final = date(2022, 1, 1)
"""The day from which on the Emirates' weekend is Saturday and Sunday; before, it was Friday and Saturday."""
_DAY: Final = timedelta(days=1)


class CalendarName(StrEnum):
    """The calendar of the banks that have to be open."""

    TARGET = "TARGET"
    """The euro area's, as the European Central Bank settles."""
    US = "US"
    """The Federal Reserve's."""
    IN = "IN"
    EVERY_DAY = "EVERY_DAY"
    """No banks': for money that moves on every day of the year."""
    GB = "GB"
    """England's, as CHAPS and Bacs settle."""
    CH = "CH"
    """Zurich's, as the Swiss Interbank Clearing settles."""
    JP = "JP"
    AE = "AE"
    SA = "SA"
    """Shut on Fridays and Saturdays."""


IsHoliday = Callable[[CalendarName, date], bool]
"""Whether the banks of a calendar are shut on a day, weekends aside."""


@lru_cache(maxsize=4096)
def instant(day: date, at: time, zone: str) -> datetime:
    """The UTC instant of the local time `at`: the first of two where clocks are set back, and a little later where
    they jump over it."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_of(at: datetime, zone: str) -> date:
    """The local day of `at`. A day that has begun stays, even where clocks are set back into the day before."""
    day = at.astimezone(ZoneInfo(zone)).date()
    return day + _DAY if instant(day + _DAY, MIDNIGHT, zone) <= at else day


def is_business_day(day: date, calendar: CalendarName, is_holiday: IsHoliday) -> bool:
    if calendar is CalendarName.EVERY_DAY:
        return True
    return day.weekday() not in _weekend(calendar, day) and not is_holiday(calendar, day)


def _weekend(calendar: CalendarName, day: date) -> tuple[int, ...]:
    """The weekdays on which the calendar's banks are shut."""
    if calendar is CalendarName.SA or (calendar is CalendarName.AE and day < AE_WEEKEND_MOVED_ON):
        return (FRIDAY, SATURDAY)
    return (SATURDAY, SUNDAY)


def next_business_day(after: date, calendar: CalendarName, is_holiday: IsHoliday) -> date:
    day = after + _DAY
    while not is_business_day(day, calendar, is_holiday):
        day += _DAY
    return day


def taken_up_on(at: datetime, *, cutoff: time, zone: str, calendar: CalendarName, is_holiday: IsHoliday) -> date:
    """The business day of `at`: the local day up to its cutoff, else the next business day."""
    day = day_of(at, zone)
    if is_business_day(day, calendar, is_holiday) and at <= instant(day, cutoff, zone):
        return day
    return next_business_day(day, calendar, is_holiday)
