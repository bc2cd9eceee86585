"""What every merchant's money goes by in a test."""

from application.bases import BasesAtHand
from domain.terms.basis import Basis
from tests.support.domain import BASIS


def bases(basis: Basis = BASIS) -> BasesAtHand:
    return BasesAtHand(terms_of=lambda _: basis.terms, rates=lambda: basis.rates, is_holiday=basis.is_holiday)
