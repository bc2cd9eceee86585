"""An amount as a decimal number with just its currency's decimals, and no float on the way."""

from domain.money.money import Money


def decimal_text(minor: int, currency: str) -> str:
    """`-12.34` for -1234 minor units of EUR, `500` for 500 of JPY."""
    return str(Money(minor, currency)).rpartition(" ")[0]
