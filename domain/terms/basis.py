"""What a merchant's money goes by at one moment: what is agreed, the exchange rates, and when banks are closed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from msgspec import Struct

from domain.fx.rates import Quote, Rates, require_fresh
from domain.terms.settlement import CalendarName
from domain.terms.terms import MerchantTerms


class Basis(Struct, frozen=True, kw_only=True):
    terms: MerchantTerms
    rates: Rates
    is_holiday: Callable[[CalendarName, date], bool]

    def quote(self, currency: str, target: str) -> Quote:
        """The newest rate, however old. Raises RateMissing."""
        return self.rates.rate(currency, target, sources=self.terms.conversion.sources or None)

    def require_rate(self, currency: str, now: datetime) -> None:
        """Refuse what could not be converted, or only by a rate that is too old. Raises RateMissing, RateStale."""
        target = self.terms.conversion.target_of(currency)
        if target is not None and target != currency:
            stale_after = timedelta(hours=self.terms.conversion.stale_after_hours)
            require_fresh(self.quote(currency, target), now, stale_after)
