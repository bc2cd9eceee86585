"""A refund gives back no more than is left of what was taken, after refunds and chargebacks alike."""

from itertools import pairwise

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.card_data import CardDataRefused
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payment.events import (
    FailureKind,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentRefunded,
    RefundFailed,
    RefundStarted,
)
from domain.payment.outcome import Refusal
from domain.payment.proceeds import from_available
from domain.payment.refund import RefundExceedsCaptured, RefundPayment, refund
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import DisputeResult
from domain.payment.status import Status
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    BASIS,
    DECLINED,
    DUE,
    MERCHANT,
    NOW,
    REFUND,
    REFUSALS,
    STRANGER,
    UNAVAILABLE,
    UNKNOWN,
    History,
    amounts,
    captured,
    captures,
    debited,
    dispute_closed,
    disputed,
    disputes,
    eur,
    from_lot,
    given,
    operation,
    partially_captured,
    refund_answered,
    refunded,
    refunding,
    refunds,
    then_,
    usd,
)

# starting one


def test_a_refund_is_a_fact_before_the_provider_is_called() -> None:
    given(captured()).when(refunds(eur("30.00"))).then(
        RefundStarted(
            merchant_id=MERCHANT,
            refund_id=REFUND,
            amount=eur("30.00"),
            reason="requested_by_customer",
            debit=debited(eur("30.00")),
        )
    )


def test_a_refund_without_an_amount_gives_back_all_that_is_left() -> None:
    given(captured(eur("100.00"))).when(refunds()).then_payment(amount=eur("100.00"))
    given(refunded(eur("30.00"), of=eur("100.00"))).when(refunds(id=STRANGER)).then_payment(amount=eur("70.00"))


def test_what_a_partial_capture_took_can_be_given_back_while_the_rest_is_open() -> None:
    history = partially_captured(eur("40.00"), of=eur("100.00"))
    given(history).when(refunds(), refund_answered(APPROVED)).then_payment(
        taken__refunded=eur("40.00"), taken__refundable=eur("0.00"), capturable=eur("60.00")
    )


def test_a_refund_over_what_was_taken_is_refused() -> None:
    given(captured(eur("100.00"))).when(refunds(eur("100.01"))).then_raises(
        RefundExceedsCaptured, requested=eur("100.01"), refundable=eur("100.00")
    )
    given(partially_captured(eur("40.00"), of=eur("100.00"))).when(refunds(eur("40.01"))).then_raises(
        RefundExceedsCaptured, refundable=eur("40.00")
    )


def test_a_refund_over_what_earlier_refunds_left_is_refused() -> None:
    given(refunded(eur("30.00"), of=eur("100.00"))).when(refunds(eur("70.01"))).then_raises(
        RefundExceedsCaptured, requested=eur("70.01"), refundable=eur("70.00")
    )


def test_a_refund_over_what_a_lost_dispute_left_is_refused() -> None:
    lost = dispute_closed(DisputeResult.LOST, eur("60.00"), of=eur("100.00"))
    given(lost).when(refunds(eur("40.01"))).then_raises(RefundExceedsCaptured, refundable=eur("40.00"))
    given(lost).when(refunds()).then_payment(amount=eur("40.00"))


def test_what_a_won_dispute_froze_can_be_refunded_again() -> None:
    given(dispute_closed(DisputeResult.WON)).when(refunds()).then_payment(amount=eur("100.00"))


@pytest.mark.parametrize(
    ("history", "status"),
    [
        (refunded(eur("100.00"), of=eur("100.00")), Status.REFUNDED),
        (dispute_closed(DisputeResult.LOST), Status.DISPUTE_LOST),
    ],
)
def test_there_is_nothing_to_refund_once_all_is_given_back(history: History, status: Status) -> None:
    given(history).when(refunds()).then_raises(IllegalTransition, verb="refund", status=status)


def test_what_is_disputed_is_not_refunded_while_the_bank_has_not_ruled() -> None:
    given(disputed()).when(refunds(eur("1.00"))).then_raises(IllegalTransition, status=Status.DISPUTED)
    given(disputed(eur("60.00"), of=eur("100.00"))).when(refunds(eur("40.01"))).then_raises(
        RefundExceedsCaptured, refundable=eur("40.00")
    )
    given(disputed(eur("60.00"), of=eur("100.00"))).when(refunds()).then_payment(amount=eur("40.00"))


@pytest.mark.parametrize("minor", [0, -1])
def test_a_refund_of_nothing_or_less_is_refused(minor: int) -> None:
    given(captured()).when(refunds(Money(minor, "EUR"))).then_raises(AmountOutOfRange, amount_minor=minor)


def test_a_refund_in_another_currency_is_refused() -> None:
    given(captured(eur("100.00"))).when(refunds(usd("1.00"))).then_raises(
        CurrencyMismatch, expected="EUR", actual="USD"
    )


def test_two_refunds_never_run_at_once() -> None:
    given(refunding()).when(refunds(id=STRANGER)).then_raises(OperationInProgress, operation=OperationKind.REFUND)
    given(refunding()).when(refund_answered(UNKNOWN), refunds(id=STRANGER)).then_raises(OperationInProgress)


def test_no_capture_gets_in_between_a_refund_and_its_outcome() -> None:
    given(partially_captured()).when(refunds(), captures(id=STRANGER)).then_raises(OperationInProgress, verb="capture")


def test_a_dispute_is_heard_in_between_where_it_does_not_depend_on_what_becomes_of_the_refund() -> None:
    given(refunding(eur("30.00"), of=eur("100.00"))).when(disputes(eur("70.01"))).then_raises(
        OperationInProgress, verb="dispute"
    )
    both = then_(refunding(eur("30.00"), of=eur("100.00")), disputes(eur("70.00")))
    for outcome, refundable in (APPROVED, eur("0.00")), (DECLINED, eur("30.00")):
        given(both).when(refund_answered(outcome)).then_payment(
            taken__frozen=eur("70.00"), taken__refundable=refundable
        )


def test_a_card_number_in_the_reason_is_refused() -> None:
    command = RefundPayment(refund_id=REFUND, amount=None, reason="back to 4242 4242 4242 4242, please")
    given(captured()).when(lambda payment: refund(payment, command, BASIS, NOW)).then_raises(
        CardDataRefused, field="reason"
    )


# its outcome


def test_an_approved_refund_gives_the_money_back() -> None:
    given(refunding(eur("30.00"))).when(refund_answered(APPROVED)).then(
        PaymentRefunded(
            merchant_id=MERCHANT,
            provider=ACQUIRER,
            refund_id=REFUND,
            reference=APPROVED.reference,
            amount=eur("30.00"),
            debit=debited(eur("30.00")),
            excess=None,
            unreserved=False,
        )
    )
    given(refunding(eur("30.00"))).when(refund_answered(APPROVED)).then_payment(
        taken__refunded=eur("30.00"), taken__refundable=eur("70.00")
    )


@for_any(amounts("EUR"), st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_refunds_in_parts_add_up_to_what_was_taken_and_not_a_cent_more(total: Money, weights: list[int]) -> None:
    history = captured(total)
    shares = [total.minor * sum(weights[:count]) // sum(weights) for count in range(len(weights) + 1)]
    for number, (before, after) in enumerate(pairwise(shares)):
        part = Money(after - before, "EUR")
        if part.minor > 0:
            id = operation(100 + number)
            history = then_(then_(history, refunds(part, id=id)), refund_answered(APPROVED, id=id))
    given(history).when(refunds(Money(1, "EUR"))).then_raises(IllegalTransition, status=Status.REFUNDED)


@pytest.mark.parametrize("outcome", REFUSALS)
def test_a_failed_refund_leaves_the_whole_budget(outcome: Refusal) -> None:
    given(captured()).when(refunds(), refund_answered(outcome)).then_back_at(captured())
    given(partially_captured()).when(refunds(), refund_answered(outcome)).then_back_at(partially_captured())


def test_a_failed_refund_says_why() -> None:
    given(refunding()).when(refund_answered(DECLINED)).then(
        RefundFailed(
            merchant_id=MERCHANT,
            refund_id=REFUND,
            kind=FailureKind.DECLINED,
            code=DECLINED.code,
            message=DECLINED.message,
            returned=from_lot(eur("30.00")),
        )
    )


def test_what_a_failed_refund_took_from_a_lot_that_was_released_since_goes_to_what_is_available() -> None:
    given(refunding(eur("30.00"))).when(refund_answered(DECLINED, at=DUE)).then(
        RefundFailed(
            merchant_id=MERCHANT,
            refund_id=REFUND,
            kind=FailureKind.DECLINED,
            code=DECLINED.code,
            message=DECLINED.message,
            returned=from_available(eur("30.00")),
        )
    )


# one that was started before the merchant was debited at the start

STARTED_BEFORE = (
    *captured(),
    RefundStarted(merchant_id=MERCHANT, refund_id=REFUND, amount=eur("30.00"), reason="", debit=None),
)


def test_a_refund_that_was_started_without_a_debit_is_debited_once_it_is_approved() -> None:
    given(STARTED_BEFORE).when(refund_answered(APPROVED)).then(
        PaymentRefunded(
            merchant_id=MERCHANT,
            provider=ACQUIRER,
            refund_id=REFUND,
            reference=APPROVED.reference,
            amount=eur("30.00"),
            debit=debited(eur("30.00"), drawn=from_lot(eur("30.00"), None)),
            excess=None,
            unreserved=True,
        )
    )


def test_a_refund_that_was_started_without_a_debit_has_nothing_to_give_back_when_it_fails() -> None:
    given(STARTED_BEFORE).when(refund_answered(DECLINED)).then(
        RefundFailed(
            merchant_id=MERCHANT,
            refund_id=REFUND,
            kind=FailureKind.DECLINED,
            code=DECLINED.code,
            message=DECLINED.message,
            returned=None,
        )
    )


# losing sight of one


def test_losing_sight_of_a_refund_is_recorded_once() -> None:
    given(refunding()).when(refund_answered(UNKNOWN)).then(
        OperationOutcomeUnknown(operation_id=REFUND, operation=OperationKind.REFUND, reason=UNKNOWN.reason)
    )
    given(refunding()).when(refund_answered(UNKNOWN), refund_answered(UNKNOWN)).then_nothing()
    given(refunding()).when(refund_answered(UNKNOWN), refund_answered(APPROVED)).then_back_at(refunded())


def test_a_request_that_never_arrived_does_not_fail_a_refund_that_may_have_arrived_before() -> None:
    given(refunding()).when(refund_answered(UNKNOWN), refund_answered(UNAVAILABLE)).then_nothing()


def test_an_action_that_makes_no_sense_for_a_refund_leaves_it_unknown() -> None:
    given(refunding()).when(refund_answered(ACTION_REQUIRED)).then_payment(outcome_unknown=True)


def test_an_answer_to_another_refund_or_a_second_answer_changes_nothing() -> None:
    given(refunding()).when(refund_answered(APPROVED, id=STRANGER)).then_nothing()
    given(refunded()).when(refund_answered(APPROVED)).then_nothing()
