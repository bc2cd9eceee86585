"""What the platform charges a merchant for a capture, as a versioned policy named in the event it priced."""

from msgspec import Struct

from domain.money import Money, Rounding


class FlatFee(Struct, frozen=True, kw_only=True):
    """`basis_points` of the captured amount plus a fixed sum in minor units of its currency, never above it."""

    version: str
    basis_points: int
    fixed_minor: int
    rounding: Rounding = Rounding.HALF_EVEN

    def fee_on(self, amount: Money) -> Money:
        fee = amount.portion(basis_points=self.basis_points, rounding=self.rounding)
        return min(fee + Money(self.fixed_minor, amount.currency), amount)
