"""The pricing context of a merchant is kept in memory, so that no decision waits."""

from collections.abc import Callable
from typing import Protocol

from domain.fx.rates import Rates
from domain.identifiers import MerchantId
from domain.terms.business_days import IsHoliday
from domain.terms.pricing_context import PricingContext
from domain.terms.terms import MerchantTerms


class PricingContexts(Protocol):
    def of(self, merchant_id: MerchantId) -> PricingContext:
        """The merchant's pricing context now."""
        ...


class CurrentPricingContexts:
    """Implements PricingContexts with the terms and rates that this process has read last."""

    def __init__(
        self,
        *,
        terms_of: Callable[[MerchantId], MerchantTerms],
        rates: Callable[[], Rates],
        is_holiday: IsHoliday,
    ) -> None:
        self._terms_of = terms_of
        self._rates = rates
        self._is_holiday = is_holiday

    def of(self, merchant_id: MerchantId) -> PricingContext:
        return PricingContext(terms=self._terms_of(merchant_id), rates=self._rates(), is_holiday=self._is_holiday)
