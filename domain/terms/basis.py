"""What a merchant's money goes by at one moment: what is agreed, the exchange rates, and when banks are closed."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.fx.rates import Quote, Rates, require_fresh
from domain.terms.business_days import IsHoliday
from domain.terms.terms import MerchantTerms


class Basis(Struct, frozen=True, kw_only=True):
    terms: MerchantTerms
    rates: Rates
    is_holiday: IsHoliday

    def quote(self, currency: str, target: str) -> Quote:
        """The newest rate, however old. Raises RateMissing."""
        return self.rates.rate(currency, target, sources=self.terms.conversion.sources or None)

    def require_rate(self, currency: str, now: datetime) -> str | None:
        """Into what `currency` is converted; None when it is not. Raises RateMissing, RateStale for a rate that is too
        old to begin anything by."""
        target = self.terms.conversion.target_of(currency)
        if target is not None:
            self.require_fresh(currency, target, now)
        return target

    def require_fresh(self, currency: str, target: str, now: datetime) -> None:
        """Raises RateMissing, RateStale."""
        stale_after = timedelta(hours=self.terms.conversion.stale_after_hours)
        require_fresh(self.quote(currency, target), now, stale_after)
