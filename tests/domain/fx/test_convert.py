"""A conversion is exact: to the minor unit, in currencies of any number of decimals, and nothing of it gets lost."""

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.fx.ecb import as_of
from domain.fx.rates import ConversionTooLarge, Quote, RateStale, convert, require_fresh, worth
from domain.money.currencies import DECIMALS, UnknownCurrency
from domain.money.money import AMOUNT_MINOR_MAX, AmountOutOfRange, CurrencyMismatch, Money
from tests.support.domain import amounts, currencies, eur, jpy, usd
from tests.support.rates import FRIDAY, FRIDAY_RATES, known, publication

rate_texts = st.builds(
    lambda digits, places: f"{Decimal(digits).scaleb(-places):f}", st.integers(1, 10**12 - 1), st.integers(0, 14)
)
mark_ups = st.integers(0, 10_000)
any_amounts = currencies.flatmap(amounts)


def quote(from_: str, to: str, text: str) -> Quote:
    return Quote(from_currency=from_, to_currency=to, text=text, rates="ecb:1", as_of=as_of(FRIDAY))


def rated(from_: str, to: str) -> Quote:
    return known(publication(FRIDAY_RATES)).rate(from_, to)


@given(any_amounts, currencies, rate_texts, mark_ups)
def test_what_is_settled_marked_up_and_left_over_is_the_whole_value(
    amount: Money, to: str, text: str, mark_up: int
) -> None:
    of = quote(amount.currency, to, text)
    assume(worth(amount, of).minor <= AMOUNT_MINOR_MAX)
    conversion = convert(amount, to, of, mark_up_basis_points=mark_up)
    assert conversion.settled + conversion.mark_up + conversion.residue == conversion.value
    assert conversion.residue.minor in (0, 1)
    assert min(conversion.settled.minor, conversion.mark_up.minor, conversion.value.minor) >= 0
    assert (conversion.amount, conversion.rate, conversion.rates, conversion.as_of) == (amount, text, "ecb:1", of.as_of)


@given(any_amounts, currencies, rate_texts, mark_ups)
def test_the_recorded_rate_gives_the_recorded_amounts_again(amount: Money, to: str, text: str, mark_up: int) -> None:
    of = quote(amount.currency, to, text)
    assume(worth(amount, of).minor <= AMOUNT_MINOR_MAX)
    conversion = convert(amount, to, of, mark_up_basis_points=mark_up)
    with localcontext(prec=100):
        exact = Decimal(amount.minor) * Decimal(conversion.rate)
        exact = exact.scaleb(DECIMALS[to] - DECIMALS[amount.currency])
        kept = exact * (10_000 - mark_up) / 10_000
        assert conversion.value.minor == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
        assert conversion.settled.minor == int(kept.quantize(Decimal(1), ROUND_DOWN))


@given(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=10),
    st.sampled_from(["JPY", "USD", "KWD"]),
    rate_texts,
    mark_ups,
)
def test_nobody_is_settled_more_by_capturing_in_parts_and_we_keep_less_than_a_unit_for_each(
    parts: list[int], currency: str, text: str, mark_up: int
) -> None:
    of = quote(currency, "EUR", text)
    assume(worth(Money(sum(parts), currency), of).minor <= AMOUNT_MINOR_MAX)
    whole, *each = [
        convert(Money(minor, currency), "EUR", of, mark_up_basis_points=mark_up).settled.minor
        for minor in (sum(parts), *parts)
    ]
    assert whole - len(parts) < sum(each) <= whole


@given(any_amounts, currencies, rate_texts)
def test_without_a_mark_up_the_merchant_has_all_but_a_minor_unit(amount: Money, to: str, text: str) -> None:
    of = quote(amount.currency, to, text)
    assume(worth(amount, of).minor <= AMOUNT_MINOR_MAX)
    conversion = convert(amount, to, of, mark_up_basis_points=0)
    assert conversion.mark_up.minor == 0
    assert conversion.value.minor - conversion.settled.minor in (0, 1)


@given(any_amounts, currencies, rate_texts)
def test_a_mark_up_of_everything_settles_nothing(amount: Money, to: str, text: str) -> None:
    of = quote(amount.currency, to, text)
    assume(worth(amount, of).minor <= AMOUNT_MINOR_MAX)
    conversion = convert(amount, to, of, mark_up_basis_points=10_000)
    assert conversion.settled.minor == 0
    assert conversion.mark_up == conversion.value


@given(st.sampled_from(["EUR", *FRIDAY_RATES]), st.sampled_from(["EUR", *FRIDAY_RATES]), st.integers(1, 10**11))
def test_there_and_back_loses_no_more_than_the_two_roundings(one: str, other: str, minor: int) -> None:
    amount, there, back = Money(minor, one), rated(one, other), rated(other, one)
    returned = worth(worth(amount, there), back)
    # Half a minor unit of the other currency and half of this one; and each rate has 12 digits, of 10^11 minor units.
    scale = Fraction(10 ** DECIMALS[one], 10 ** DECIMALS[other])
    bound = back.rate * scale / 2 + Fraction(1, 2) + Fraction(minor, 10**11)
    assert abs(returned.minor - amount.minor) <= bound


@given(currencies, currencies, st.integers(-(10**12), 10**12), rate_texts)
def test_what_is_owed_is_worth_as_much_as_what_is_owned(from_: str, to: str, minor: int, text: str) -> None:
    of = quote(from_, to, text)
    assert worth(Money(-minor, from_), of) == -worth(Money(minor, from_), of)


def test_a_hundred_dollars_as_the_documentation_has_them() -> None:
    conversion = convert(usd("100.00"), "EUR", rated("USD", "EUR"), mark_up_basis_points=100)
    assert conversion.rate == "0.921658986175"
    assert (conversion.value, conversion.mark_up) == (eur("92.17"), eur("0.92"))
    assert (conversion.settled, conversion.residue) == (eur("91.24"), eur("0.01"))


@pytest.mark.parametrize(
    ("amount", "to", "value"),
    [
        (eur("10.00"), "JPY", jpy("1638")),
        (jpy("1638"), "EUR", eur("10.00")),
        (eur("10.00"), "KWD", Money(3_328, "KWD")),  # 3.3275 to the even fils
        (Money(3_328, "KWD"), "JPY", jpy("1638")),
        (eur("10.00"), "CLF", Money(2_612, "CLF")),
        (Money(2_612, "CLF"), "KWD", Money(3_327, "KWD")),  # the rate is 12.739280245, a little less than the quotient
        (jpy("1"), "EUR", eur("0.01")),
        (Money(1, "KWD"), "EUR", eur("0.00")),
    ],
)
def test_minor_units_of_any_size_meet(amount: Money, to: str, value: Money) -> None:
    assert convert(amount, to, rated(amount.currency, to), mark_up_basis_points=0).value == value


@pytest.mark.parametrize(("text", "value"), [("0.5", 0), ("1.5", 2), ("2.5", 2), ("0.500000000001", 1)])
def test_a_half_goes_to_the_even_neighbour(text: str, value: int) -> None:
    assert convert(jpy("1"), "KRW", quote("JPY", "KRW", text), mark_up_basis_points=0).value.minor == value


def test_next_to_nothing_comes_to_nothing() -> None:
    conversion = convert(jpy("1"), "KRW", quote("JPY", "KRW", "0.4"), mark_up_basis_points=100)
    assert (conversion.value.minor, conversion.mark_up.minor, conversion.settled.minor) == (0, 0, 0)


def test_what_settles_to_nothing_is_a_conversion_still() -> None:
    conversion = convert(jpy("1"), "KRW", quote("JPY", "KRW", "1"), mark_up_basis_points=1)
    assert (conversion.value.minor, conversion.settled.minor, conversion.residue.minor) == (1, 0, 1)


def test_too_large_a_value_is_refused() -> None:
    largest = Money(AMOUNT_MINOR_MAX, "EUR")
    assert convert(largest, "USD", quote("EUR", "USD", "1"), mark_up_basis_points=0).value.minor == AMOUNT_MINOR_MAX
    with pytest.raises(ConversionTooLarge) as refusal:
        convert(largest, "KWD", quote("EUR", "KWD", "1"), mark_up_basis_points=0)
    assert (refusal.value.value_minor, refusal.value.currency) == (10 * AMOUNT_MINOR_MAX, "KWD")


@pytest.mark.parametrize("minor", [0, -1, AMOUNT_MINOR_MAX + 1])
def test_only_what_can_be_paid_is_converted(minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        convert(Money(minor, "USD"), "EUR", rated("USD", "EUR"), mark_up_basis_points=0)


def test_a_quote_of_other_currencies_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        convert(usd("1.00"), "GBP", rated("USD", "EUR"), mark_up_basis_points=0)
    with pytest.raises(CurrencyMismatch):
        convert(jpy("1"), "EUR", rated("USD", "EUR"), mark_up_basis_points=0)
    with pytest.raises(UnknownCurrency):
        convert(Money(1, "XXX"), "EUR", rated("USD", "EUR"), mark_up_basis_points=0)


@pytest.mark.parametrize("mark_up", [-1, 10_001])
def test_a_mark_up_is_a_part_of_the_value(mark_up: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        convert(usd("1.00"), "EUR", rated("USD", "EUR"), mark_up_basis_points=mark_up)


def test_a_rate_is_fresh_until_its_time_is_over() -> None:
    of, hours = rated("USD", "EUR"), timedelta(hours=72)
    require_fresh(of, as_of(FRIDAY) + hours, hours)
    with pytest.raises(RateStale) as refusal:
        require_fresh(of, as_of(FRIDAY) + hours + timedelta(microseconds=1), hours)
    assert (refusal.value.from_currency, refusal.value.to_currency) == ("USD", "EUR")
    assert (refusal.value.as_of, refusal.value.stale_after_hours) == (as_of(FRIDAY), 72)
