"""Rates are published once, under one number; what contradicts them is refused, but for an operator's correction."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.fx.ecb import as_of
from domain.fx.events import FxRatesPublished
from domain.fx.publish import ECB, OPERATOR, Publication, RatesDiffer, RatesInFuture, publish
from domain.fx.rate_text import RateUnusable
from domain.fx.rates import Rates
from domain.money.currencies import UnknownCurrency
from tests.support.rates import FRIDAY, LATER, THURSDAY, known, publication

FRIDAYS = publication({"JPY": "163.80", "USD": "1.0850"})
OTHERS = replace(FRIDAYS, rates={"JPY": "163.81", "USD": "1.0850"}, document_sha256="another file")
OPERATORS, CORRECTED = (replace(each, source=OPERATOR) for each in (FRIDAYS, OTHERS))


def published(rates: Rates, *publications: Publication) -> list[int]:
    return [event.number for event in publish(rates, publications, now=LATER)]


def test_what_is_published_says_all_of_it() -> None:
    (event,) = publish(Rates(), [FRIDAYS], now=LATER)
    assert event == FxRatesPublished(
        number=1,
        source=ECB,
        as_of=as_of(FRIDAY),
        base="EUR",
        rates={"JPY": "163.80", "USD": "1.0850"},
        document_sha256="a file",
    )


def test_sets_are_numbered_in_order_over_all_sources() -> None:
    earlier = replace(FRIDAYS, as_of=as_of(THURSDAY))
    assert published(Rates(), FRIDAYS, earlier, OPERATORS) == [1, 2, 3]
    assert published(known(FRIDAYS, earlier), OPERATORS) == [3]


@pytest.mark.parametrize("source", [ECB, OPERATOR])
def test_the_same_again_adds_nothing(source: str) -> None:
    first = replace(FRIDAYS, source=source)
    same_values = replace(first, rates={"USD": "1.085", "JPY": "163.8"}, document_sha256="another file")
    for again in (first, same_values):
        assert published(known(first), again) == []
        assert published(Rates(), first, again) == [1]


def test_the_same_file_adds_nothing_although_it_is_read_otherwise_by_now() -> None:
    assert published(known(FRIDAYS), replace(FRIDAYS, rates={"USD": "1.0850"})) == []


@pytest.mark.parametrize(
    ("rates", "differing"),
    [({"JPY": "163.81", "USD": "1.0850"}, "JPY"), ({"USD": "1.0850"}, "JPY"), ({"CHF": "1", "USD": "1.1"}, "CHF")],
)
def test_other_rates_of_the_same_day_are_refused(rates: dict[str, str], differing: str) -> None:
    with pytest.raises(RatesDiffer) as refusal:
        published(known(FRIDAYS), replace(FRIDAYS, rates=rates, document_sha256="another file"))
    assert (refusal.value.source, refusal.value.number, refusal.value.as_of) == (ECB, 1, as_of(FRIDAY))
    assert refusal.value.currency == differing


def test_an_operator_corrects_its_own_rates_and_corrects_them_back() -> None:
    assert published(known(OPERATORS), CORRECTED) == [2]
    assert published(known(OPERATORS, CORRECTED), OPERATORS) == [3]
    assert published(known(OPERATORS, CORRECTED), CORRECTED) == []
    assert known(OPERATORS, CORRECTED, OPERATORS).rate("EUR", "JPY").text == "163.8"


def test_an_operators_rates_do_not_contradict_the_ecbs() -> None:
    assert published(known(FRIDAYS), CORRECTED) == [2]


def test_rates_of_the_future_are_refused() -> None:
    publish(Rates(), [FRIDAYS], now=as_of(FRIDAY))
    with pytest.raises(RatesInFuture) as refusal:
        publish(Rates(), [FRIDAYS], now=as_of(FRIDAY) - timedelta(microseconds=1))
    assert refusal.value.as_of == as_of(FRIDAY)


@pytest.mark.parametrize("text", ["0", "-1.0850", "NaN", "Infinity", "1" * 19])
def test_an_implausible_rate_is_refused(text: str) -> None:
    with pytest.raises(RateUnusable):
        published(Rates(), replace(FRIDAYS, rates={"USD": text}))


def test_a_currency_that_nobody_knows_is_refused() -> None:
    for unknown in (replace(FRIDAYS, rates={"XXX": "1"}), replace(FRIDAYS, base="XXX")):
        with pytest.raises(UnknownCurrency):
            published(Rates(), unknown)
