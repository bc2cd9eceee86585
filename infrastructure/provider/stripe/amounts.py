"""An amount is converted between ISO 4217's minor units and the units of Stripe."""

# Source: docs.stripe.com/currencies. MGA has no decimals at Stripe; ISK and UGX keep two, always 00, for old
# integrations; the last digit of an amount in a currency of three decimals must be 0.

from typing import Final

from domain.money.currencies import decimals
from domain.money.money import Money
from infrastructure.provider.minor_units import MinorUnits, NotRepresentable

UNITS: Final = MinorUnits({"MGA": 0, "ISK": 2, "UGX": 2})


def sent(amount: Money) -> int:
    """The amount as Stripe counts it. Raises NotRepresentable, UnknownCurrency."""
    if decimals(amount.currency) == 3 and amount.minor % 10:
        raise NotRepresentable(f"{amount}: the third decimal must be 0 at Stripe")
    return UNITS.sent(amount)
