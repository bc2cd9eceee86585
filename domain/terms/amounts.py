"""Sums agreed for each currency, in its own minor units: what is 30 cents is not 30 yen."""

from collections.abc import Mapping
from typing import Final

Amounts = Mapping[str, int]
"""From currency to minor units; under `OTHERS`, for every currency that is not named."""

OTHERS: Final = "*"


def in_currency(amounts: Amounts, currency: str) -> int | None:
    """What is agreed for `currency`; None when nothing is."""
    return amounts.get(currency, amounts.get(OTHERS))
