"""Money is whole minor units: it adds up, splits without loss, and says how it rounds."""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money.currencies import DECIMALS, UnknownCurrency
from domain.money.money import (
    AMOUNT_MINOR_MAX,
    AmountOutOfRange,
    CurrencyMismatch,
    Money,
    Rounding,
    WrongPrecision,
    parse_decimal,
    require_payable,
    zero,
)
from tests.support.domain import amounts, currencies, eur, signed_amounts, usd

DECIMAL_ROUNDING = {
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.DOWN: ROUND_DOWN,
}


# arithmetic


@given(signed_amounts("KWD"), signed_amounts("KWD"))
def test_adding_and_subtracting_are_inverse(one: Money, other: Money) -> None:
    assert one + other - other == one
    assert one - one == zero("KWD")
    assert zero("KWD") - one == -one


@given(signed_amounts("JPY"), signed_amounts("JPY"))
def test_amounts_are_ordered_as_their_minor_units_are(one: Money, other: Money) -> None:
    comparisons = (one < other, one <= other, one > other, one >= other, one == other)
    a, b = one.minor, other.minor
    assert comparisons == (a < b, a <= b, a > b, a >= b, a == b)


@pytest.mark.parametrize(
    "meet",
    [
        pytest.param(lambda a, b: a + b, id="+"),
        pytest.param(lambda a, b: a - b, id="-"),
        pytest.param(lambda a, b: a < b, id="<"),
        pytest.param(lambda a, b: a <= b, id="<="),
        pytest.param(lambda a, b: a > b, id=">"),
        pytest.param(lambda a, b: a >= b, id=">="),
    ],
)
def test_two_currencies_never_meet(meet: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch):
        meet(eur("1.00"), usd("1.00"))


def test_equal_numbers_of_two_currencies_are_not_equal() -> None:
    assert eur("1.00") != usd("1.00")


# portions


@given(amounts(), st.integers(0, 10_000), st.sampled_from(Rounding))
def test_a_portion_is_between_nothing_and_the_whole(whole: Money, basis_points: int, rounding: Rounding) -> None:
    assert zero(whole.currency) <= whole.portion(basis_points=basis_points, rounding=rounding) <= whole


@given(signed_amounts(), st.integers(0, 20_000), st.sampled_from(Rounding))
def test_a_portion_rounds_as_decimal_arithmetic_does(whole: Money, basis_points: int, rounding: Rounding) -> None:
    exact = Decimal(whole.minor) * basis_points / 10_000
    expected = int(exact.quantize(Decimal(1), rounding=DECIMAL_ROUNDING[rounding]))
    assert whole.portion(basis_points=basis_points, rounding=rounding) == Money(expected, whole.currency)


@pytest.mark.parametrize(
    ("rounding", "half_of_1", "half_of_3", "half_of_minus_1"),
    [(Rounding.HALF_EVEN, 0, 2, 0), (Rounding.HALF_UP, 1, 2, -1), (Rounding.DOWN, 0, 1, 0)],
)
def test_a_half_goes_where_the_rounding_says(
    rounding: Rounding, half_of_1: int, half_of_3: int, half_of_minus_1: int
) -> None:
    halves = [Money(minor, "EUR").portion(basis_points=5_000, rounding=rounding).minor for minor in (1, 3, -1)]
    assert halves == [half_of_1, half_of_3, half_of_minus_1]


# text


@given(st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX))
def test_what_is_printed_is_read_back_in_every_currency(minor: int) -> None:
    for currency in DECIMALS:
        amount = Money(minor, currency)
        number, code = str(amount).split(" ")
        assert parse_decimal(number, code) == amount


@given(signed_amounts())
def test_an_amount_prints_with_all_the_decimals_of_its_currency(amount: Money) -> None:
    number, _ = str(amount).split(" ")
    places = DECIMALS[amount.currency]
    assert Decimal(number) == Decimal(amount.minor).scaleb(-places)
    assert len(number.partition(".")[2]) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12.3", "EUR", 1230),
        ("12", "EUR", 1200),
        ("-0.05", "EUR", -5),
        ("+1.00", "EUR", 100),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("007.00", "EUR", 700),
    ],
)
def test_a_decimal_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_decimal(text, currency) == Money(minor, currency)


@given(currencies, st.integers(0, 10**6), st.integers(1, 5))
def test_more_decimals_than_the_currency_has_are_refused_even_when_they_are_zeros(
    currency: str, whole: int, too_many: int
) -> None:
    text = f"{whole}." + "0" * (DECIMALS[currency] + too_many)
    with pytest.raises(WrongPrecision) as refusal:
        parse_decimal(text, currency)
    assert (refusal.value.text, refusal.value.decimals) == (text, DECIMALS[currency])


@pytest.mark.parametrize(
    "text", ["", ".", ".5", "5.", "1,00", "1e2", "1_000", " 1", "1\n", "--1", "NaN", "Infinity", "0x1", "١٢", "½"]
)
def test_what_is_no_plain_decimal_number_is_refused(text: str) -> None:
    with pytest.raises(WrongPrecision):
        parse_decimal(text, "EUR")


@pytest.mark.parametrize("digits", [21, 5000])
def test_an_absurdly_long_number_is_refused_unread(digits: int) -> None:
    with pytest.raises(WrongPrecision):
        parse_decimal("1" * digits, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XAU", "ZZZ"])
def test_no_amount_is_read_in_a_currency_without_minor_units(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        parse_decimal("1", currency)


# JSON


@given(signed_amounts())
def test_an_amount_survives_json(amount: Money) -> None:
    assert msgspec.json.decode(msgspec.json.encode(amount), type=Money) == amount


@pytest.mark.parametrize("number", ["12.5", "12.0", "1e2", "true", '"12"', "null"])
def test_no_float_and_nothing_else_but_an_integer_is_read_as_minor_units(number: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"minor":{number},"currency":"EUR"}}', type=Money)


# bounds


@given(amounts())
def test_any_amount_from_one_minor_unit_to_the_maximum_is_payable(amount: Money) -> None:
    require_payable(amount)


@pytest.mark.parametrize("minor", [-1, 0, AMOUNT_MINOR_MAX + 1])
def test_nothing_less_than_nothing_and_too_much_are_not_payable(minor: int) -> None:
    with pytest.raises(AmountOutOfRange) as refusal:
        require_payable(Money(minor, "EUR"))
    assert refusal.value.amount_minor == minor
    assert refusal.value.amount_minor_max == AMOUNT_MINOR_MAX


def test_an_amount_in_an_unknown_currency_is_not_payable() -> None:
    with pytest.raises(UnknownCurrency):
        require_payable(Money(100, "XXX"))
