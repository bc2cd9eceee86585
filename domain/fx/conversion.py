"""A conversion is a fact: from what, into what, at whose rate of when, and what was kept as mark-up and by rounding."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.money.money import Money


class Conversion(Struct, frozen=True, kw_only=True):
    """`amount` came to `value` at `rate`, of which `settled` is the merchant's and `mark_up` ours.

    `rate` is a decimal number: so many whole units of the one currency for one of the other. `rates` names the version
    of the rates it was taken from (`ecb:14`), published at `as_of`. `value`, `mark_up` and `settled` are in the target
    currency; what is left of `value` is the `residue` of rounding, of either sign.
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
        """The share of it that `amount` is, at most its own: what is settled is rounded up, and nothing is left of
        rounding."""
        if amount == self.amount:
            return self
        settled = Money(-(-self.settled.minor * amount.minor // self.amount.minor), self.settled.currency)
        mark_up = Money(self.mark_up.minor * amount.minor // self.amount.minor, settled.currency)
        return replace(self, amount=amount, value=settled + mark_up, mark_up=mark_up, settled=settled)

    def plus(self, other: "Conversion") -> "Conversion":
        """Both as one, at the rate of the first."""
        return replace(
            self,
            amount=self.amount + other.amount,
            value=self.value + other.value,
            mark_up=self.mark_up + other.mark_up,
            settled=self.settled + other.settled,
        )

    def less(self, other: "Conversion") -> "Conversion":
        """What is left of it without `other`."""
        return replace(
            self,
            amount=self.amount - other.amount,
            value=self.value - other.value,
            mark_up=self.mark_up - other.mark_up,
            settled=self.settled - other.settled,
        )
