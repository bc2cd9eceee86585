"""What every merchant's money goes by in a test."""

from application.terms.pricing_context import CurrentPricingContexts
from domain.terms.pricing_context import PricingContext
from tests.support.domain import BASIS


def pricing_contexts(pricing: PricingContext = BASIS) -> CurrentPricingContexts:
    return CurrentPricingContexts(
        terms_of=lambda _: pricing.terms, rates=lambda: pricing.rates, is_holiday=pricing.is_holiday
    )
