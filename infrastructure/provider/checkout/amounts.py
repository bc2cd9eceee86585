"""Amounts as Checkout.com counts them.

Source: its documentation, "Format the amount value". CLP counts hundredths there, ISO 4217 none; the currencies of
three decimals do count thousandths, but the last digit must be 0. What it counts CLF, UYI and UYW in is not said.
"""

from typing import Final

from domain.money.currencies import READABLE_DECIMALS, decimals
from domain.money.money import Money
from infrastructure.provider.minor_units import MinorUnits, NotRepresentable

CURRENCIES: Final = frozenset(READABLE_DECIMALS) - {"CLF", "UYI", "UYW"}
UNITS: Final = MinorUnits({"CLP": 2})
_THOUSANDTHS: Final = 3


def received(amount: int, currency: str) -> Money:
    """Raises NotRepresentable, UnknownCurrency."""
    return UNITS.received(amount, currency)


def sent(money: Money) -> int:
    """Raises NotRepresentable."""
    if money.currency not in CURRENCIES:
        raise NotRepresentable(f"Checkout.com does not say how it counts {money.currency}")
    amount = UNITS.sent(money)
    if decimals(money.currency) == _THOUSANDTHS and amount % 10:
        raise NotRepresentable(f"{money} is no whole number of hundredths")
    return amount
