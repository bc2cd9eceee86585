"""Checkout.com accepts CLP in hundredths of whole pesos only, and a currency of three decimals with a last digit 0."""

from typing import Final

HUNDREDTHS_OF_NOTHING: Final = {"CLP": 100}
TENFOLD: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def booked(amount: int, currency: str) -> int | None:
    """The amount in the books' minor units; None when Checkout.com accepts no such amount."""
    if currency in TENFOLD and amount % 10:
        return None
    whole, rest = divmod(amount, HUNDREDTHS_OF_NOTHING.get(currency, 1))
    return None if rest or whole < 1 else whole


def told(minor: int, currency: str) -> int:
    """The amount in the books as Checkout.com counts it."""
    return minor * HUNDREDTHS_OF_NOTHING.get(currency, 1)
