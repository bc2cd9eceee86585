"""An amount is converted between ISO 4217's minor units and the units of Checkout.com."""

# Source: Checkout.com's documentation, "Format the amount value". CLP is counted in hundredths there and has no
# decimals in ISO 4217; currencies of three decimals are counted in thousandths, but the last digit must be 0. The
# documentation does not state the units of CLF, UYI and UYW.

from typing import Final

from domain.money.currencies import READABLE_DECIMALS, decimals
from domain.money.money import Money
from infrastructure.provider.minor_units import MinorUnits, NotRepresentable

CURRENCIES: Final = frozenset(READABLE_DECIMALS) - {"CLF", "UYI", "UYW"}
UNITS: Final = MinorUnits({"CLP": 2})
_THOUSANDTHS: Final = 3


def received(amount: int, currency: str) -> Money:
    """The money that Checkout.com counts as `amount`. Raises NotRepresentable, UnknownCurrency."""
    return UNITS.received(amount, currency)


def sent(money: Money) -> int:
    """The amount as Checkout.com counts `money`. Raises NotRepresentable."""
    if money.currency not in CURRENCIES:
        raise NotRepresentable(f"Checkout.com does not say how it counts {money.currency}")
    amount = UNITS.sent(money)
    if decimals(money.currency) == _THOUSANDTHS and amount % 10:
        raise NotRepresentable(f"{money} is no whole number of hundredths")
    return amount
