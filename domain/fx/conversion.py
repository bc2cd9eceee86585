"""A conversion is a fact: from what, into what, at whose rate of when, and what was kept as mark-up and by rounding."""

from datetime import datetime

from msgspec import Struct

from domain.money import Money


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
