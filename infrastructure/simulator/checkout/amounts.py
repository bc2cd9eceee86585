"""Checkout.com counts CLP in hundredths of which none may be asked for, and takes no odd thousandths of the others."""

from typing import Final

HUNDREDTHS_OF_NOTHING: Final = {"CLP": 100}
TENFOLD: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def booked(amount: int, currency: str) -> int | None:
    """The amount in the books' minor units; None when Checkout.com takes no such amount."""
    if currency in TENFOLD and amount % 10:
        return None
    whole, rest = divmod(amount, HUNDREDTHS_OF_NOTHING.get(currency, 1))
    return None if rest or whole < 1 else whole


def told(minor: int, currency: str) -> int:
    """The amount of the books as Checkout.com counts it."""
    return minor * HUNDREDTHS_OF_NOTHING.get(currency, 1)
