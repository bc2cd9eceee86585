"""A conversion records both amounts, the rate with its source and time, our mark-up, and the residue of rounding."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.money.money import Money


class Conversion(Struct, frozen=True, kw_only=True):
    """`amount` is worth `value` at `rate`, of which `settled` is the merchant's and `mark_up` ours.

    `rate` is a decimal number: units of the target currency for one unit of the other. `rates` names the version of the
    rates (`ecb:14`), published at `as_of`. `value`, `mark_up` and `settled` are in the target currency; the rest of
    `value` is the `residue` of rounding, of either sign.
    """

    amount: Money
    rate: str
    rates: str
    as_of: datetime
    value: Money
    mark_up: Money
    settled: Money

    @property
    def residue(self) -> Money:
        return self.value - self.mark_up - self.settled

    def part(self, amount: Money) -> "Conversion":
        """The part of the conversion that belongs to `amount`, at most its own amount: `settled` is rounded up, and
        no residue is left."""
        if amount == self.amount:
            return self
        settled = Money(-(-self.settled.minor * amount.minor // self.amount.minor), self.settled.currency)
        mark_up = Money(self.mark_up.minor * amount.minor // self.amount.minor, settled.currency)
        return replace(self, amount=amount, value=settled + mark_up, mark_up=mark_up, settled=settled)

    def plus(self, other: "Conversion") -> "Conversion":
        """The sum of both conversions, at the rate of the first."""
        return replace(
            self,
            amount=self.amount + other.amount,
            value=self.value + other.value,
            mark_up=self.mark_up + other.mark_up,
            settled=self.settled + other.settled,
        )

    def less(self, other: "Conversion") -> "Conversion":
        """The conversion less the conversion `other`."""
        return replace(
            self,
            amount=self.amount - other.amount,
            value=self.value - other.value,
            mark_up=self.mark_up - other.mark_up,
            settled=self.settled - other.settled,
        )
