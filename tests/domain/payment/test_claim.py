"""A claim is carried whole: by the budget as far as it goes, and beyond it by whom the terms say; raised, reduced and
won in part it still is, and what comes back is what was taken."""

from collections import Counter

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.ledger.accounts import held, owed, platform_losses, platform_provisions, psp_clearing
from domain.ledger.balances import BalanceKey, fold_balances, trial_balance
from domain.ledger.rules import entry_for
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payment.dispute import ReversedBefore
from domain.payment.proceeds import Claim
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import DisputeResult, captured_funds_of
from domain.payment.status import Status
from domain.terms.settlement import BeyondBudget
from tests.domain.payment.test_charged_back_whole import RATES
from tests.support.domain import (
    ACQUIRER,
    DISPUTE,
    HUNDRED,
    MERCHANT,
    OTHER_DISPUTE,
    PAYMENT,
    History,
    agreed,
    amended,
    captured,
    dispute_closed,
    disputed,
    disputes,
    eur,
    given,
    payment_of,
    refunded,
    refunding,
    reversed_but,
    ruled,
    then_,
    usd,
)

OURS = agreed(rates=RATES, beyond_budget=BeyondBudget.LOSSES)
ABROAD = agreed(rates=RATES, settle_in="USD", mark_up_basis_points=100)
AT_OUR_LOSS = then_(refunded(eur("30.00"), of=HUNDRED), disputes(HUNDRED, pricing=OURS))
"""Of 100.00 that were disputed the budget carries 70.00."""

minors = st.integers(1, 20_000)


def claim_of(history: History) -> Claim:
    taken = captured_funds_of(payment_of(history))
    assert taken is not None
    return taken.disputes[0].claim


def balances(history: History) -> Counter[BalanceKey]:
    entries = (entry_for(PAYMENT, version, event) for version, event in enumerate(history, start=1))
    return Counter(fold_balances(entry for entry in entries if entry is not None))


def carried(claim: Claim) -> int:
    """In minor units of the payment."""
    return claim.amount.minor + (0 if claim.excess is None else claim.excess.amount.minor)


# at our loss


def test_a_loss_is_provided_for_while_the_chargeback_is_open_and_taken_once_it_is_lost() -> None:
    losses, provisions = BalanceKey(platform_losses(), "EUR"), BalanceKey(platform_provisions(), "EUR")
    opened, lost = balances(AT_OUR_LOSS), balances(then_(AT_OUR_LOSS, ruled(DisputeResult.LOST)))

    assert (opened[losses], opened[provisions]) == (3_000, 3_000)
    assert (lost[losses], lost[provisions]) == (3_000, 0)
    assert opened[BalanceKey(owed(MERCHANT), "EUR")] == 0
    assert opened[BalanceKey(held(MERCHANT), "EUR")] == 7_000


@pytest.mark.parametrize("lost_first", [False, True])
def test_a_loss_is_none_once_the_dispute_is_won(lost_first: bool) -> None:
    before = then_(AT_OUR_LOSS, ruled(DisputeResult.LOST)) if lost_first else AT_OUR_LOSS
    won = balances(then_(before, ruled(DisputeResult.WON)))

    assert won[BalanceKey(platform_losses(), "EUR")] == won[BalanceKey(platform_provisions(), "EUR")] == 0


# raised and reduced


def test_what_is_disputed_less_is_given_back_and_first_what_was_beyond_the_budget() -> None:
    claim = claim_of(then_(AT_OUR_LOSS, amended(eur("80.00"))))
    assert (claim.amount, claim.excess and claim.excess.amount) == (eur("70.00"), eur("10.00"))
    claim = claim_of(then_(AT_OUR_LOSS, amended(eur("20.00"))))
    assert (claim.amount, claim.excess) == (eur("20.00"), None)


def test_what_is_disputed_more_is_carried_by_what_the_budget_has_left_and_then_beyond_it() -> None:
    history = disputed(eur("60.00"), of=HUNDRED)
    claim = claim_of(then_(history, amended(eur("95.00"))))
    assert (claim.amount, claim.excess) == (eur("95.00"), None)
    claim = claim_of(then_(history, amended(eur("130.00"))))
    assert (claim.amount, claim.excess and claim.excess.amount) == (HUNDRED, eur("30.00"))


def test_what_a_reduced_dispute_gave_back_can_be_refunded() -> None:
    given(disputed()).when(amended(eur("25.00"))).then_payment(
        taken__frozen=eur("25.00"), taken__refundable=eur("75.00")
    )


@pytest.mark.parametrize("amount", [HUNDRED, eur("30.00"), eur("250.00")], ids=str)
def test_a_dispute_that_is_decided_is_not_amended_any_more(amount: Money) -> None:
    for result in DisputeResult:
        given(dispute_closed(result)).when(amended(amount)).then_nothing()


def test_an_amount_is_of_the_disputes_currency_and_above_zero() -> None:
    given(disputed()).when(amended(usd("1.00"))).then_raises(CurrencyMismatch, expected="EUR", actual="USD")
    given(disputed()).when(amended(eur("0.00"))).then_raises(AmountOutOfRange, amount_minor=0)
    given(disputed()).when(amended(eur("1.00"), id=OTHER_DISPUTE)).then_raises(
        IllegalTransition, verb="amend dispute", status=Status.DISPUTED
    )


def test_a_raise_waits_for_the_refund_on_which_it_depends() -> None:
    history = then_(refunding(eur("30.00"), of=HUNDRED), disputes(eur("60.00")))
    given(history).when(amended(eur("70.00"))).then_payment(before__taken__frozen=eur("70.00"))
    given(history).when(amended(eur("71.00"))).then_raises(OperationInProgress)


@for_any(disputed=minors, steps=st.lists(minors, max_size=5), in_dollars=st.booleans(), ours=st.booleans())
def test_whatever_is_disputed_in_the_end_is_carried_whole(
    disputed: int, steps: list[int], in_dollars: bool, ours: bool
) -> None:
    currency, pricing = "USD" if in_dollars else "EUR", OURS if ours else agreed(rates=RATES)
    history = then_(refunded(eur("30.00"), of=HUNDRED), disputes(Money(disputed, currency), pricing=pricing))
    for minor in steps:
        history = then_(history, amended(Money(minor, currency), pricing=pricing))

    last = Money([disputed, *steps][-1], currency)
    claim = claim_of(history)
    assert claim.disputed == last
    assert carried(claim) == (last.minor if claim.exchange is None else claim.exchange.value.minor)
    assert claim.debit.drawn.total == claim.debit.total
    lost = balances(then_(history, ruled(DisputeResult.LOST)))
    assert lost[BalanceKey(held(MERCHANT), "EUR")] == lost[BalanceKey(platform_provisions(), "EUR")] == 0
    assert not any(trial_balance(lost).values())
    won = then_(history, ruled(DisputeResult.WON))
    assert +balances(won) == +balances(refunded(eur("30.00"), of=HUNDRED))


@for_any(disputed=minors, steps=st.lists(minors, max_size=4), lost=minors)
def test_a_converted_claim_comes_back_for_what_it_was_taken_for(disputed: int, steps: list[int], lost: int) -> None:
    """Settled in dollars, with a mark-up; rounding leaves nothing behind, whatever the steps were."""
    taken = captured(HUNDRED, pricing=ABROAD)
    history = then_(taken, disputes(Money(disputed, "EUR"), pricing=ABROAD))
    for minor in steps:
        history = then_(history, amended(Money(minor, "EUR"), pricing=ABROAD))
    charged_back = then_(history, ruled(DisputeResult.LOST))
    in_part = then_(charged_back, reversed_but(Money(lost, "EUR")))

    for end in (history, charged_back):
        assert +balances(then_(end, ruled(DisputeResult.WON))) == +balances(taken)
    if lost < claim_of(charged_back).disputed.minor:
        assert claim_of(in_part).disputed == Money(lost, "EUR")
    assert not any(trial_balance(balances(in_part)).values())
    debit = claim_of(in_part).debit
    assert debit.conversion is not None
    assert debit.settled == debit.conversion.settled
    assert debit.drawn.total == debit.settled


# won in part


def test_of_what_was_lost_a_part_may_come_back_and_the_rest_once_more_not_by_itself() -> None:
    history = then_(dispute_closed(DisputeResult.LOST), reversed_but(eur("40.00")))
    given(dispute_closed(DisputeResult.LOST)).when(reversed_but(eur("40.00"))).then_payment(
        taken__charged_back=eur("40.00"), taken__refundable=eur("60.00")
    )
    assert balances(history)[BalanceKey(psp_clearing(ACQUIRER), "EUR")] == 6_000
    given(history).when(reversed_but(eur("40.00"))).then_nothing()
    given(history).when(reversed_but(eur("10.00"))).then_raises(ReversedBefore, dispute_id=DISPUTE)
    given(history).when(ruled(DisputeResult.WON)).then_raises(ReversedBefore, dispute_id=DISPUTE)


def test_no_more_comes_back_than_was_lost() -> None:
    given(dispute_closed(DisputeResult.LOST)).when(reversed_but(eur("100.00"))).then_nothing()
    given(dispute_closed(DisputeResult.LOST)).when(reversed_but(eur("101.00"))).then_nothing()
    given(disputed()).when(reversed_but(eur("40.00"))).then_nothing()
