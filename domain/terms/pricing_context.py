"""A pricing context holds a merchant's terms, the exchange rates and the bank holidays at one moment."""

from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct

from domain.fx.rates import Quote, RateMissing, Rates, require_fresh
from domain.terms.business_days import IsHoliday
from domain.terms.terms import MerchantTerms


class PricingContext(Struct, frozen=True, kw_only=True):
    terms: MerchantTerms
    rates: Rates
    is_holiday: IsHoliday

    def quote(self, currency: str, target: str, now: datetime) -> Quote:
        """The quote of the first agreed source whose rate is not too old; where all are, the newest, however old.
        Raises RateMissing."""
        sources = self.terms.conversion.sources
        for source in sources:
            with suppress(RateMissing):
                quote = self.rates.rate(currency, target, sources=[source])
                if now - quote.as_of <= self._stale_after:
                    return quote
        return self.rates.rate(currency, target, sources=sources or None)

    def require_rate(self, currency: str, now: datetime) -> str | None:
        """The currency that `currency` is converted into; None where it is not converted. Raises RateMissing, and
        RateStale where the rate is too old for a new operation."""
        target = self.terms.conversion.target_of(currency)
        if target is not None:
            self.require_fresh(currency, target, now)
        return target

    def require_fresh(self, currency: str, target: str, now: datetime) -> None:
        """Raises RateMissing, RateStale."""
        require_fresh(self.quote(currency, target, now), now, self._stale_after)

    @property
    def _stale_after(self) -> timedelta:
        return timedelta(hours=self.terms.conversion.stale_after_hours)
