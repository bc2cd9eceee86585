"""A settlement rule says when captured money becomes available, the reserve on it, and how far a balance may fall."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from domain.money.money import Money
from domain.terms.amounts import Amounts, in_currency
from domain.terms.business_days import (
    MIDNIGHT,
    CalendarName,
    IsHoliday,
    day_of,
    instant,
    next_business_day,
    taken_up_on,
)


class BeyondBudget(StrEnum):
    """Which account carries what was taken of a payment beyond its money-back budget."""

    OWED = "owed"
    """The merchant's debt, which the next releases pay off."""
    LOSSES = "platform:losses"
    """Our losses."""


class SettlementRule(Struct, frozen=True, kw_only=True):
    """T+`business_days`, by the clock of `zone` (an IANA name) and the banks of `calendar`.

    `reserve_basis_points` of each capture are kept `reserve_days` calendar days. `negative_limit_minor` says how far
    below zero a balance may fall.
    """

    version: str
    business_days: int
    calendar: CalendarName
    cutoff: time
    zone: str
    reserve_basis_points: int = 0
    reserve_days: int = 0
    negative_limit_minor: Amounts = {}
    beyond_budget: BeyondBudget = BeyondBudget.OWED

    def limit_for(self, currency: str) -> int:
        """The limit in minor units, as a number that is not negative: 0 where none is agreed."""
        return in_currency(self.negative_limit_minor, currency) or 0


def available_at(rule: SettlementRule, captured_at: datetime, is_holiday: IsHoliday) -> datetime:
    """The instant (UTC) at which a capture becomes available: midnight, by the rule's clock, of T+N.

    T is the local day of the capture, or the next business day where that is none or the cutoff is over. The result is
    never before `captured_at`, which T+0 would otherwise be.
    """
    day = taken_up_on(captured_at, cutoff=rule.cutoff, zone=rule.zone, calendar=rule.calendar, is_holiday=is_holiday)
    for _ in range(rule.business_days):
        day = next_business_day(day, rule.calendar, is_holiday)
    return max(captured_at, instant(day, MIDNIGHT, rule.zone))


def reserve_on(rule: SettlementRule, amount: Money) -> Money:
    """The reserve on a capture, rounded up: capturing in small parts does not make the reserve smaller."""
    return Money(-(-amount.minor * rule.reserve_basis_points // 10_000), amount.currency)


def reserve_until(rule: SettlementRule, captured_at: datetime) -> datetime:
    """The instant (UTC) at which the reserve on a capture of then ends: midnight, `reserve_days` after its local day.

    Calendar days: the end may lie on a holiday, and before the capture is available where it is agreed so short.
    """
    day = day_of(captured_at, rule.zone) + timedelta(days=rule.reserve_days)
    return max(captured_at, instant(day, MIDNIGHT, rule.zone))
