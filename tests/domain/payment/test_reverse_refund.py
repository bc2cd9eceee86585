"""A refund that succeeded and fails later gives the merchant back what it had debited, and the budget its money."""

from datetime import timedelta

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.ledger.entry import imbalance
from domain.money.money import Money
from domain.payment.debit import DebitSource
from domain.payment.events import OperationKind, RefundReversed
from domain.payment.movements import movements_of
from domain.payment.proceeds import Drawn, from_available
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.reverse_refund import RefundUnknown
from domain.payment.settlement_events import MovementKind
from domain.payment.state import Captured, DisputeResult, PartiallyCaptured, Refunding, captured_funds_of
from domain.payment.status import Status
from domain.terms.amounts import OTHERS
from domain.terms.conversion import RefundRate
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.settlement import BeyondBudget
from tests.domain.books import entries_of
from tests.support.domain import (
    APPROVED,
    DUE,
    HUNDRED,
    NOW,
    PAYMENT,
    REFUND,
    STRANGER,
    THEN,
    THIRTY,
    History,
    adopts,
    agreed,
    authorized,
    captured,
    debited,
    disputes,
    eur,
    from_lot,
    given,
    partially_captured,
    payment_of,
    refund_answered,
    refunded,
    refunding,
    refunds,
    reverses,
    ruled,
    then_,
)

FEES = FeePlan(version="for-refunds:1", default=Blended(basis_points=290), refund={OTHERS: 25})


def last(history: History) -> RefundReversed:
    event = history[-1]
    assert isinstance(event, RefundReversed)
    return event


def test_it_goes_back_to_the_lot_it_came_from_while_that_is_pending() -> None:
    reversal = last(then_(refunded(THIRTY), reverses()))
    assert (reversal.amount, reversal.debit, reversal.returned) == (THIRTY, debited(THIRTY), from_lot(THIRTY))


def test_it_goes_to_what_is_available_once_the_lot_is_released() -> None:
    assert last(then_(refunded(THIRTY), reverses(at=DUE))).returned == from_available(THIRTY)


def test_the_fee_of_the_refund_goes_back_too() -> None:
    pricing = agreed(fees=FEES)
    history = then_(then_(captured(pricing=pricing), refunds(THIRTY, pricing=pricing)), refund_answered(APPROVED))
    assert last(then_(history, reverses())).returned.total == THIRTY + eur("0.25")


def test_what_the_merchant_owed_because_of_it_is_owed_no_more_or_is_available_where_it_has_been_collected() -> None:
    owing = then_(captured(), adopts(OperationKind.REFUND, THIRTY, source=DebitSource.OWED))
    refund_id = payment_of(owing).taken.refunds[0].refund_id  # type: ignore[union-attr]
    assert last(then_(owing, reverses(id=refund_id))).returned.owed == THIRTY
    assert last(then_(owing, reverses(id=refund_id, debt_is_paid=True))).returned == from_available(THIRTY)


def test_the_money_can_be_refunded_again_and_no_more() -> None:
    failed = then_(refunded(HUNDRED), reverses())
    given(failed).when(refunds(HUNDRED, id=STRANGER)).then_stage(Refunding)
    given(failed).when(refunds(HUNDRED + eur("0.01"), id=STRANGER)).then_raises(RefundExceedsCaptured)


@pytest.mark.parametrize("amount", [THIRTY, HUNDRED])
def test_the_payment_is_captured_again(amount: Money) -> None:
    given(refunded(amount)).when(reverses()).then_status(Status.CAPTURED)


def test_twice_is_a_repeat() -> None:
    given(refunded()).when(reverses(), reverses()).then_nothing()


@pytest.mark.parametrize(
    "history", [authorized(), captured(), refunding()], ids=["authorised", "captured", "still open"]
)
def test_what_never_succeeded_does_not_fail_later(history: History) -> None:
    given(history).when(reverses(reference="re_9")).then_raises(RefundUnknown, refund="re_9")


def test_it_does_not_wait_for_what_is_open_and_leaves_it_open() -> None:
    given(then_(refunded(THIRTY), refunds(THIRTY, id=THEN))).when(reverses()).then_stage(Refunding)
    part = then_(then_(partially_captured(HUNDRED, of=eur("200.00")), refunds(THIRTY)), refund_answered(APPROVED))
    given(part).when(reverses()).then_stage(PartiallyCaptured)
    given(then_(refunded(THIRTY), disputes(THIRTY))).when(ruled(DisputeResult.LOST), reverses()).then_stage(Captured)


def test_both_movements_are_the_providers_to_settle() -> None:
    movements = movements_of(then_(refunded(THIRTY), reverses()))
    assert movements[MovementKind.REFUND, str(REFUND)].gross == -THIRTY
    assert movements[MovementKind.REFUND_REVERSAL, str(REFUND)].gross == THIRTY


@for_any(
    taken=st.integers(1, 10**6),
    tenths=st.integers(1, 20),
    rate=st.sampled_from(RefundRate),
    borne_by=st.sampled_from(BeyondBudget),
    settle_in=st.sampled_from(["EUR", "USD", "JPY", "KWD"]),
    days=st.sampled_from([0, 1, 10]),
)
def test_the_books_are_what_they_were_before_the_refund(
    taken: int, tenths: int, rate: RefundRate, borne_by: BeyondBudget, settle_in: str, days: int
) -> None:
    """In every account but for where the merchant's own money is: also of what was converted, or beyond the budget."""
    pricing = agreed(fees=FEES, settle_in=settle_in, mark_up_basis_points=150, refund_rate=rate, beyond_budget=borne_by)
    before = captured(Money(taken, "EUR"), pricing=pricing)
    amount = Money(max(1, taken * tenths // 10), "EUR")
    with_refund = then_(before, adopts(OperationKind.REFUND, amount, pricing=pricing))
    [refund] = captured_funds_of(payment_of(with_refund)).refunds  # type: ignore[union-attr]
    after = then_(with_refund, reverses(id=refund.refund_id, at=NOW + timedelta(days=days)))
    entries = entries_of(PAYMENT, after)[len(entries_of(PAYMENT, before)) :]
    assert len(entries) == 2
    totals: dict[tuple[str, str], int] = {}
    for entry in entries:
        assert set(imbalance(entry.postings).values()) <= {0}
        for posting in entry.postings:
            code = "merchant" if posting.account.startswith("merchant:") else posting.account
            key = (code, posting.amount.currency)
            totals[key] = totals.get(key, 0) + posting.signed_minor
    assert not any(totals.values()), totals
    assert isinstance(last(after).returned, Drawn)
