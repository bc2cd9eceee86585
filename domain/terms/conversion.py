"""Into which currency a merchant's takings are converted, at whose rates, and what is kept for it."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from domain.terms.amounts import OTHERS


class RefundRate(StrEnum):
    """At which rate a refund of converted money is converted."""

    ORIGINAL = "original"
    """That of its capture: what was taken is given back, and whoever converts bears the difference."""
    CURRENT = "current"


class ConversionRule(Struct, frozen=True, kw_only=True):
    """`settle_in` leads from a currency, or from `*` for the others, to that in which it is settled.

    Rates older than `stale_after_hours` are not used; `sources` are asked in their order.
    """

    version: str
    settle_in: Mapping[str, str] = {}
    mark_up_basis_points: int = 0
    refund_rate: RefundRate = RefundRate.ORIGINAL
    stale_after_hours: int = 0
    sources: tuple[str, ...] = ()

    def target_of(self, currency: str) -> str | None:
        """The currency that `currency` is converted into; None when it settles in itself."""
        target = self.settle_in.get(currency, self.settle_in.get(OTHERS, currency))
        return None if target == currency else target
