"""What every merchant's money goes by in a test."""

from application.terms.pricing_context import BasesAtHand
from domain.terms.pricing_context import Basis
from tests.support.domain import BASIS


def bases(basis: Basis = BASIS) -> BasesAtHand:
    return BasesAtHand(terms_of=lambda _: basis.terms, rates=lambda: basis.rates, is_holiday=basis.is_holiday)
