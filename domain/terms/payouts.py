"""A payout rule says when a merchant is paid out, the smallest payout, and the sum above which a payout is held."""

from datetime import date, datetime, time
from enum import IntEnum

from msgspec import Struct

from domain.terms.amounts import Amounts, in_currency
from domain.terms.business_days import CalendarName, IsHoliday, taken_up_on

MINIMUM_MINOR = 1
"""The smallest payout where no minimum is agreed."""


class Weekday(IntEnum):
    """The days on which banks work, counted as `date.weekday` counts."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4


class Manual(Struct, frozen=True):
    """Payouts only at the merchant's request."""


class Daily(Struct, frozen=True):
    """Payouts on every business day."""


class Weekly(Struct, frozen=True):
    weekday: Weekday


Schedule = Manual | Daily | Weekly


class PayoutRule(Struct, frozen=True, kw_only=True):
    """`cutoff` is when the bank stops taking orders for the day, by the clock of `zone` (an IANA name)."""

    version: str
    schedule: Schedule
    minimum_minor: Amounts = {}
    cutoff: time
    zone: str
    calendar: CalendarName
    hold_above_minor: Amounts = {}

    def minimum_for(self, currency: str) -> int:
        """The smallest payout, in minor units."""
        minimum = in_currency(self.minimum_minor, currency)
        return MINIMUM_MINOR if minimum is None else minimum

    def hold_above(self, currency: str) -> int | None:
        """The sum in minor units above which a payout is held for compliance; None where no payout is held."""
        return in_currency(self.hold_above_minor, currency)


def execution_date(rule: PayoutRule, at: datetime, is_holiday: IsHoliday) -> date:
    """The business day on which the bank executes a payout sent at that moment."""
    return taken_up_on(at, cutoff=rule.cutoff, zone=rule.zone, calendar=rule.calendar, is_holiday=is_holiday)
