"""The rate that holds is that of the newest set which knows both currencies, and its text is the rate itself."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fx.ecb import as_of
from domain.fx.publish import OPERATOR, publish
from domain.fx.rate_text import RateUnusable, decimal_text, exact
from domain.fx.rates import RateMissing, Rates, fold
from domain.money.currencies import UnknownCurrency
from tests.support.rates import FRIDAY, FRIDAY_RATES, LATER, THURSDAY, THURSDAY_RATES, known, publication

THURSDAYS = publication(THURSDAY_RATES, moment=as_of(THURSDAY))
FRIDAYS = publication(FRIDAY_RATES)
OPERATORS = publication({"AED": "3.98", "USD": "1.0842"}, source=OPERATOR, moment=as_of(FRIDAY) + timedelta(hours=1))
ALL = known(THURSDAYS, FRIDAYS, OPERATORS)
numbers = st.fractions(min_value=Fraction(1, 10**35), max_value=10**35)


def test_a_rate_is_how_many_units_one_unit_is() -> None:
    rates = known(FRIDAYS)
    direct, inverse, crossed = rates.rate("EUR", "USD"), rates.rate("USD", "EUR"), rates.rate("USD", "JPY")
    assert (direct.text, inverse.text, crossed.text) == ("1.085", "0.921658986175", "150.967741935")
    assert direct.rate == Fraction("1.0850")
    assert (direct.rates, direct.as_of) == ("ecb:1", as_of(FRIDAY))


@given(*[st.sampled_from(["EUR", *FRIDAY_RATES])] * 2)
def test_a_cross_rate_goes_through_the_base_and_is_rounded_once(one: str, other: str) -> None:
    per_euro = {"EUR": Fraction(1)} | {currency: Fraction(text) for currency, text in FRIDAY_RATES.items()}
    quote = known(FRIDAYS).rate(one, other)
    assert quote.text == decimal_text(per_euro[other] / per_euro[one])


def test_the_newest_set_that_knows_both_currencies_holds() -> None:
    assert ALL.rate("EUR", "USD").rates == "operator:3"
    assert ALL.rate("EUR", "JPY").rates == "ecb:2"
    assert ALL.rate("USD", "JPY").rates == "ecb:2"
    assert ALL.rate("AED", "USD").rates == "operator:3"


def test_of_the_same_moment_the_one_added_last_holds() -> None:
    first, second = (publication({"USD": text}, source=OPERATOR, document=text) for text in ("1.1", "1.2"))
    assert known(first, second).rate("EUR", "USD").rates == "operator:2"


def test_older_rates_that_are_added_later_do_not_hold() -> None:
    assert known(FRIDAYS, THURSDAYS).rate("EUR", "USD").rates == "ecb:1"


def test_only_the_sources_that_are_named_are_used() -> None:
    assert ALL.rate("EUR", "USD", sources=["ecb"]).rates == "ecb:2"
    assert ALL.rate("EUR", "USD", sources=["ecb", "operator"]).rates == "operator:3"
    with pytest.raises(RateMissing):
        ALL.rate("EUR", "AED", sources=["ecb"])


def test_rates_of_two_sets_are_never_mixed() -> None:
    with pytest.raises(RateMissing) as refusal:
        ALL.rate("AED", "JPY")
    assert (refusal.value.from_currency, refusal.value.to_currency) == ("AED", "JPY")


def test_without_any_set_there_is_no_rate() -> None:
    with pytest.raises(RateMissing):
        Rates().rate("USD", "EUR")


def test_no_rate_is_asked_for_what_is_no_currency() -> None:
    with pytest.raises(UnknownCurrency):
        ALL.rate("EUR", "XXX")


def test_at_an_earlier_moment_only_what_had_been_published_holds() -> None:
    assert ALL.at(as_of(FRIDAY)).rate("EUR", "USD").rates == "ecb:2"
    assert ALL.at(as_of(FRIDAY) - timedelta(seconds=1)).rate("EUR", "USD").rates == "ecb:1"
    assert ALL.at(as_of(THURSDAY) - timedelta(days=1)) == Rates()


def test_sets_are_the_same_in_whatever_parts_they_come() -> None:
    events = publish(Rates(), [THURSDAYS, FRIDAYS, OPERATORS], now=LATER)
    for first, second, third in permutations(events):
        assert fold([third], fold([first, second])) == ALL == fold([first, second, third])


@given(numbers)
def test_a_rate_has_at_most_twelve_digits_and_is_off_by_half_of_the_last(number: Fraction) -> None:
    text = decimal_text(number)
    assert len(text.replace(".", "").strip("0")) <= 12
    assert "e" not in text.lower()
    assert abs(Fraction(text) - number) * 2 * 10**11 <= number


@given(st.integers(1, 10**12 - 1), st.integers(0, 17))
def test_a_rate_of_up_to_twelve_digits_is_written_as_it_is(digits: int, places: int) -> None:
    number = Fraction(digits, 10**places)
    assert Fraction(decimal_text(number)) == number


@pytest.mark.parametrize("text", ["0.0000000000005", "1", "163.8", "999999999999", "100000000000000"])
def test_a_rate_is_written_plainly(text: str) -> None:
    assert decimal_text(Fraction(text)) == text


@given(st.integers(1, 10**18 - 1), st.integers(0, 17))
def test_a_published_rate_is_read_exactly(digits: int, places: int) -> None:
    text = f"{Decimal(digits).scaleb(-places):f}"
    if len(text.replace(".", "")) <= 18:
        assert exact("USD", text) == Fraction(digits, 10**places)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.000", "-1", "+1", "1.", ".5", "1e2", "1/3", "NaN", "Infinity", "1_0", " 1", "1 ", "1,5", "١"),
        *("1" * 19, "0." + "0" * 17 + "1", "1" * 10_000),
    ],
)
def test_what_is_no_positive_plain_number_is_no_rate(text: str) -> None:
    with pytest.raises(RateUnusable) as refusal:
        exact("USD", text)
    assert (refusal.value.currency, refusal.value.text) == ("USD", text)
