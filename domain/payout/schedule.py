"""When a merchant is paid out of itself: once on each of its days, in time for the bank to take it up that day.

A Monday on which banks are shut is made up for on the next business day.
"""

from datetime import date, datetime, timedelta
from typing import Final, assert_never
from uuid import UUID, uuid5

from domain.identifiers import MerchantId, PayoutId
from domain.terms.business_days import IsHoliday, day_of, instant, is_business_day, next_business_day
from domain.terms.payouts import Daily, Manual, PayoutRule, Weekly

BEFORE_CUTOFF: Final = timedelta(hours=2)
"""Late enough for what is released to the merchant that day, early enough for a file before the bank's cutoff."""
_NAMESPACE: Final = UUID("4f0f4c8e-3d0a-5d5e-8b36-0d6a2f6f1c53")


def scheduled_day(rule: PayoutRule, now: datetime, is_holiday: IsHoliday) -> date | None:
    """The day whose payout is to be made now; None where none is."""
    today = day_of(now, rule.zone)
    if not is_business_day(today, rule.calendar, is_holiday):
        return None
    match rule.schedule:
        case Manual():
            return None
        case Daily():
            pass
        case Weekly(weekday=weekday):
            named = today - timedelta(days=(today.weekday() - weekday) % 7)
            is_open = is_business_day(named, rule.calendar, is_holiday)
            if today != (named if is_open else next_business_day(named, rule.calendar, is_holiday)):
                return None
        case _:
            assert_never(rule.schedule)
    return today if now >= instant(today, rule.cutoff, rule.zone) - BEFORE_CUTOFF else None


def scheduled_payout_id(merchant_id: MerchantId, currency: str, day: date) -> PayoutId:
    """Derived, so that whichever workers come to it, however often, there is one payout a day."""
    return PayoutId(uuid5(_NAMESPACE, f"{merchant_id} {currency} {day.isoformat()}"))
