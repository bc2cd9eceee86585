"""The currency tables are ISO 4217's: list one for new payments, list three besides for what is in the books."""

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError
from domain.fx.ecb import read_ecb
from domain.fx.publish import publish
from domain.fx.rates import Rates, fold
from domain.identifiers import CustomerId
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import MoneyEvent, entry_for
from domain.money import currencies
from domain.money.currencies import DECIMALS, UnknownCurrency, decimals
from domain.money.money import Money
from domain.payment.create import CreatePayment, create
from domain.payment.events import CaptureMethod
from domain.terms.documents.read import terms_as_added
from domain.terms.events import TermsKind
from tests.support.domain import (
    APPROVED,
    CARD,
    MERCHANT,
    NOW,
    PAYMENT,
    History,
    authorized,
    capture_taken,
    disputes,
    payment_of,
    refund_answered,
    refunds,
    then_,
)


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


# withdrawn


@pytest.mark.parametrize(("currency", "expected"), [("BGN", 2), ("HRK", 2), ("ITL", 0), ("BYR", 0), ("SLL", 2)])
def test_a_currency_that_was_withdrawn_keeps_the_decimals_it_had(currency: str, expected: int) -> None:
    assert decimals(currency) == expected
    assert currency not in DECIMALS


def test_no_payment_begins_in_a_currency_that_was_withdrawn() -> None:
    for currency in ("BGN", "ANG", "ITL"):
        with pytest.raises(UnknownCurrency):
            begun(currency)


def begun(currency: str) -> History:
    command = CreatePayment(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=Money(12_340, currency),
        method=CARD,
        capture_method=CaptureMethod.MANUAL,
    )
    return (create(command),)


@given(st.sampled_from(sorted(DECIMALS)))
def test_each_currency_can_be_withdrawn_while_its_money_is_in_the_books(currency: str) -> None:
    reserved = authorized(Money(12_340, currency))
    history = capture_taken(reserved, Money(10_000, currency), final=False)
    before = (payment_of(history), str(Money(12_340, currency)), balances(history))
    places = DECIMALS[currency]
    with pytest.MonkeyPatch.context() as amendment:
        amendment.delitem(currencies.DECIMALS, currency)
        assert (payment_of(history), str(Money(12_340, currency)), balances(history)) == before
        assert decimals(currency) == places
        with pytest.raises(UnknownCurrency):
            begun(currency)
        refunded = then_(then_(history, refunds(Money(4_000, currency))), refund_answered(APPROVED))
        then_(refunded, disputes(Money(6_000, currency)))
        capture_taken(reserved, Money(12_340, currency))


def balances(history: History) -> object:
    entries: list[JournalEntryPosted] = []
    for version, event in enumerate(history, start=1):
        if isinstance(event, MoneyEvent):
            entry = entry_for(PAYMENT, version, event)
            if entry is not None:
                entries.append(entry)
    return fold_balances(entries)


def test_terms_that_name_a_currency_are_read_after_it_was_withdrawn() -> None:
    text = '{"name": "old", "default": {"blended": {"basis_points": 290, "fixed_minor": {"SEK": 300, "*": 0}}}}'
    conversion = (
        '{"name": "old", "settle_in": {"SEK": "EUR"}, "mark_up_basis_points": 0, "refund_rate": "current",'
        ' "stale_after_hours": 96, "sources": ["ecb"]}'
    )
    agreed = [terms_as_added(TermsKind.FEES, text, 1), terms_as_added(TermsKind.CONVERSION, conversion, 1)]
    with pytest.MonkeyPatch.context() as amendment:
        amendment.delitem(currencies.DECIMALS, "SEK")
        assert agreed == [terms_as_added(TermsKind.FEES, text, 1), terms_as_added(TermsKind.CONVERSION, conversion, 1)]


def test_a_day_of_rates_is_known_although_one_of_its_currencies_was_withdrawn_since() -> None:
    text = "Date, USD, SEK, \n20 November 2026, 1.0850, 11.50, \n"
    known = fold(publish(Rates(), read_ecb(text).publications, now=NOW.replace(day=21)))
    quote = known.rate("SEK", "USD")
    with pytest.MonkeyPatch.context() as amendment:
        amendment.delitem(currencies.DECIMALS, "SEK")
        again = read_ecb(text.replace("11.50", "11.50 "))
        assert publish(known, again.publications, now=NOW.replace(day=21)) == ()
        assert known.rate("SEK", "USD") == quote


def test_what_cannot_be_a_currency_is_refused_as_before() -> None:
    with pytest.raises(DomainError):
        begun("EUX")
