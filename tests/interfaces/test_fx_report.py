"""The report of gain and loss adds up line by line, and leaves nothing out."""

from datetime import timedelta

import pytest

from domain.fx.ecb import as_of
from domain.fx.publish import OPERATOR
from domain.fx.rates import RateMissing, Rates
from domain.ledger.accounts import AccountCode
from domain.money.currencies import UnknownCurrency
from domain.money.money import Money
from projections.ledger.books import Balance
from projections.ledger.fx_report import FxReport, fx_report
from tests.support.domain import eur, usd
from tests.support.rates import FRIDAY, FRIDAY_RATES, LATER, known, publication

RATES = known(publication(FRIDAY_RATES))


def balance(account: str, amount: Money) -> Balance:
    """`amount` on the credit side."""
    return Balance(AccountCode(account), amount.currency, -amount.minor)


def report(*balances: Balance, rates: Rates = RATES, base: str = "EUR") -> FxReport:
    return fx_report(balances, rates, base=base, at=LATER, position=7)


CONVERTED = (balance("fx:EUR", eur("-92.17")), balance("fx:USD", usd("100.00")))
"""What converting USD 100.00 at the rate of the day leaves open."""


def test_what_was_converted_at_these_rates_has_gained_and_lost_nothing() -> None:
    made = report(*CONVERTED)
    assert [line.value for line in made.lines] == [eur("-92.17"), eur("92.17")]
    assert made.unrealised == eur("0.00")
    assert (made.base, made.at, made.position) == ("EUR", LATER, 7)


@pytest.mark.parametrize(("now", "unrealised"), [("1.0000", "7.83"), ("1.2500", "-12.17")])
def test_an_open_position_gains_and_loses_as_rates_move(now: str, unrealised: str) -> None:
    made = report(*CONVERTED, rates=known(publication({"USD": now})))
    assert made.unrealised == eur(unrealised)


def test_mark_up_and_residue_are_realised_and_valued_each_for_itself() -> None:
    made = report(
        *CONVERTED,
        balance("platform:fx_markup", eur("0.92")),
        balance("platform:fx_markup", usd("2.17")),
        balance("platform:fx_residue", eur("0.01")),
        balance("platform:fx_residue", Money(-1, "JPY")),
    )
    assert (made.mark_up, made.residue, made.unrealised) == (eur("2.92"), eur("0.00"), eur("0.00"))
    assert [line.value for line in made.lines[2:]] == [eur("0.92"), eur("2.00"), eur("0.01"), eur("-0.01")]


def test_each_line_names_the_rate_it_was_valued_at() -> None:
    own, foreign = report(*CONVERTED).lines
    assert (own.rate, own.rates, own.as_of) == (None, None, None)
    assert (foreign.rate, foreign.rates, foreign.as_of) == ("0.921658986175", "ecb:1", as_of(FRIDAY))


def test_each_currency_is_valued_at_the_newest_rates_that_know_it() -> None:
    later = publication({"USD": "1.0842"}, source=OPERATOR, moment=as_of(FRIDAY) + timedelta(hours=1))
    made = report(
        *CONVERTED, balance("fx:JPY", Money(100, "JPY")), rates=known(publication(FRIDAY_RATES), later), base="EUR"
    )
    assert [line.rates for line in made.lines] == [None, "operator:2", "ecb:1"]


def test_other_accounts_are_no_part_of_it() -> None:
    assert report(balance("platform:fees", eur("5.00")), balance("platform:fx_markup_x", eur("5.00"))).lines == ()


def test_what_cannot_be_valued_is_not_left_out() -> None:
    with pytest.raises(RateMissing):
        report(*CONVERTED, balance("fx:THB", Money(1, "THB")))
    assert report(balance("fx:THB", Money(0, "THB"))).unrealised == eur("0.00")


def test_nothing_comes_to_nothing() -> None:
    made = report(rates=Rates())
    assert (made.lines, made.mark_up, made.residue, made.unrealised) == ((), *[eur("0.00")] * 3)


def test_a_base_that_is_no_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        report(*CONVERTED, base="XXX")
