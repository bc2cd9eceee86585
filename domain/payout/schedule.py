"""A merchant with a schedule is paid out once on each of its days, in time for the bank to execute it that day.

A Monday that is a bank holiday is made up for on the next business day, and a day on which no worker was running as
soon as one is.
"""

from datetime import date, datetime, timedelta
from typing import Final, assert_never
from uuid import UUID, uuid5

from domain.identifiers import MerchantId, PayoutId
from domain.terms.business_days import IsHoliday, day_of, instant, is_business_day, next_business_day
from domain.terms.payouts import Daily, Manual, PayoutRule, Weekly

BEFORE_CUTOFF: Final = timedelta(hours=2)
"""The time of day of scheduled payouts: late enough for the day's releases, early enough for a file before the
bank's cutoff."""
WEEK: Final = timedelta(days=7)
_NAMESPACE: Final = UUID("4f0f4c8e-3d0a-5d5e-8b36-0d6a2f6f1c53")


def scheduled_day(rule: PayoutRule, now: datetime, is_holiday: IsHoliday) -> date | None:
    """The day whose payout is due now; None where none is due."""
    today = day_of(now, rule.zone)
    if not is_business_day(today, rule.calendar, is_holiday):
        return None
    match rule.schedule:
        case Manual():
            return None
        case Daily():
            pass
        case Weekly(weekday=weekday):
            if today != _weekly_day(rule, _last(weekday, today), is_holiday):
                return None
        case _:
            assert_never(rule.schedule)
    return today if now >= _due_at(rule, today) else None


def missed_day(rule: PayoutRule, now: datetime, is_holiday: IsHoliday, *, looked_at: datetime) -> date | None:
    """The last weekly day before today whose payout no worker can have made, because no sweep began after
    `looked_at`; None where there is none. A daily payout that was missed is part of the next day's."""
    if not isinstance(rule.schedule, Weekly):
        return None
    today = day_of(now, rule.zone)
    named = _last(rule.schedule.weekday, today)
    # A week whose day is still to come, because banks were shut on the named one, has missed none yet.
    days = [_weekly_day(rule, each, is_holiday) for each in (named, named - WEEK)]
    last = next((day for day in days if day <= today), None)
    if last is None or last == today or looked_at >= _due_at(rule, last):
        return None
    return last


def _last(weekday: int, today: date) -> date:
    return today - timedelta(days=(today.weekday() - weekday) % 7)


def _weekly_day(rule: PayoutRule, named: date, is_holiday: IsHoliday) -> date:
    is_open = is_business_day(named, rule.calendar, is_holiday)
    return named if is_open else next_business_day(named, rule.calendar, is_holiday)


def _due_at(rule: PayoutRule, day: date) -> datetime:
    return instant(day, rule.cutoff, rule.zone) - BEFORE_CUTOFF


def scheduled_payout_id(merchant_id: MerchantId, currency: str, day: date) -> PayoutId:
    """The derived id of a day's payout, so that there is one payout a day, whichever workers make it."""
    return PayoutId(uuid5(_NAMESPACE, f"{merchant_id} {currency} {day.isoformat()}"))
