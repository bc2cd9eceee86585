"""Amounts as Stripe counts them.

Source: docs.stripe.com/currencies. MGA has no decimals there; ISK and UGX keep two, always 00, for old integrations; of
the currencies of three decimals the last digit must be 0.
"""

from typing import Final

from domain.money.currencies import decimals
from domain.money.money import Money
from infrastructure.provider.minor_units import MinorUnits, NotRepresentable

UNITS: Final = MinorUnits({"MGA": 0, "ISK": 2, "UGX": 2})


def sent(amount: Money) -> int:
    """Raises NotRepresentable, UnknownCurrency."""
    if decimals(amount.currency) == 3 and amount.minor % 10:
        raise NotRepresentable(f"{amount}: the third decimal must be 0 at Stripe")
    return UNITS.sent(amount)
