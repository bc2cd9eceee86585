"""A conversion rule says into which currency a merchant's takings are converted, at which rates, and at which
mark-up."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from domain.terms.amounts import OTHERS


class RefundRate(StrEnum):
    """The rate at which a refund of converted money is converted."""

    ORIGINAL = "original"
    """The rate of the capture: the amount taken is given back, and the converting side bears the difference."""
    CURRENT = "current"


class ConversionRule(Struct, frozen=True, kw_only=True):
    """`settle_in` maps a currency, or `*` for the others, to the currency in which it is settled.

    Rates older than `stale_after_hours` are not used; `sources` are asked in their order.
    """

    version: str
    settle_in: Mapping[str, str] = {}
    mark_up_basis_points: int = 0
    refund_rate: RefundRate = RefundRate.ORIGINAL
    stale_after_hours: int = 0
    sources: tuple[str, ...] = ()

    def target_of(self, currency: str) -> str | None:
        """The currency that `currency` is converted into; None where it is settled without conversion."""
        target = self.settle_in.get(currency, self.settle_in.get(OTHERS, currency))
        return None if target == currency else target
