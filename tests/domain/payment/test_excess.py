"""What is taken beyond a payment's budget is borne whole, as the terms say, and never for less than it is worth."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.accounts import AccountCode, Side, account, owed, platform_losses
from domain.ledger.moves import bear
from domain.money.money import Money
from domain.payment.excess import excess_of
from domain.payment.proceeds import Excess
from domain.payment.state import CapturedFunds, captured_funds_of
from domain.terms.settlement import BeyondBudget
from tests.support.domain import BASIS, HUNDRED, MERCHANT, agreed, captured, eur, payment_of, refunded, usd

RULE = BASIS.terms.settlement


def taken(amount: Money = HUNDRED, *, settle_in: str | None = None) -> CapturedFunds:
    found = captured_funds_of(payment_of(captured(amount, pricing=agreed(settle_in=settle_in))))
    assert found is not None
    return found


@pytest.mark.parametrize("amount", ["0.01", "70.00"])
def test_what_the_budget_carries_is_no_excess(amount: str) -> None:
    after_a_refund = captured_funds_of(payment_of(refunded(eur("30.00"))))
    assert after_a_refund is not None

    assert excess_of(eur(amount), after_a_refund, RULE) is None


def test_the_excess_is_what_refunds_and_disputes_have_not_left() -> None:
    after_a_refund = captured_funds_of(payment_of(refunded(eur("30.00"))))
    assert after_a_refund is not None

    assert excess_of(eur("100.00"), after_a_refund, RULE) == Excess(
        amount=eur("30.00"),
        settled=eur("30.00"),
        conversion=None,
        borne_by=BeyondBudget.OWED,
        settlement_rule=RULE.version,
    )


@pytest.mark.parametrize(
    ("agreed_on", "debited"),
    [(BeyondBudget.OWED, owed(MERCHANT)), (BeyondBudget.LOSSES, platform_losses())],
)
def test_the_account_that_was_agreed_is_debited(agreed_on: BeyondBudget, debited: AccountCode) -> None:
    found = excess_of(eur("120.00"), taken(), agreed(beyond_budget=agreed_on).terms.settlement)
    assert found is not None

    [posting] = bear(found, MERCHANT)

    assert (posting.account, posting.side, posting.amount) == (debited, Side.DEBIT, eur("20.00"))
    assert account(debited).normal is Side.DEBIT


@given(st.integers(min_value=1, max_value=10**9))
def test_a_converted_excess_is_never_borne_for_less_than_it_is_worth(minor: int) -> None:
    whole = taken(usd("100.00"), settle_in="EUR")
    found = excess_of(usd("100.00") + Money(minor, "USD"), whole, RULE)
    assert found is not None
    assert found.conversion is not None

    exact = minor * Fraction(found.conversion.rate)

    assert exact <= found.settled.minor < exact + 1
    assert found.settled.currency == "EUR"
    assert (found.conversion.mark_up.minor, found.conversion.residue.minor) == (0, 0)
