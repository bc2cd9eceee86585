"""The currency table is ISO 4217's, no more and no less."""

import iso4217
import pytest

from domain.currencies import DECIMALS, UnknownCurrency, decimals


def test_the_table_is_the_official_one() -> None:
    official = {currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None}
    assert official == DECIMALS


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)])
def test_a_currency_has_its_decimals(currency: str, expected: int) -> None:
    assert decimals(currency) == expected


@pytest.mark.parametrize("currency", ["XXX", "XAU", "XDR", "eur", ""])
def test_a_code_without_a_minor_unit_is_unknown(currency: str) -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        decimals(currency)
    assert refusal.value.currency == currency
