"""Sums are agreed for each currency in its own minor units: 30 cents are not 30 yen."""

from collections.abc import Mapping
from typing import Final

Amounts = Mapping[str, int]
"""Minor units by currency; the key `OTHERS` stands for every currency that is not named."""

OTHERS: Final = "*"


def in_currency(amounts: Amounts, currency: str) -> int | None:
    """The sum agreed for `currency`; None where there is none."""
    return amounts.get(currency, amounts.get(OTHERS))
