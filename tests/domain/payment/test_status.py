"""A merchant reads one word for where a payment is, in flight or not."""

import pytest

from domain.money.money import Money
from domain.payment.state import DisputeResult
from domain.payment.status import Status, status_of
from tests.support.domain import (
    APPROVED,
    OTHER_DISPUTE,
    History,
    authorized,
    canceled,
    captured,
    capturing,
    created,
    dispute_closed,
    disputed,
    disputes,
    eur,
    expired,
    failed,
    in_review,
    partially_captured,
    payment_of,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    requires_action,
    ruled,
    then_,
    voided,
    voiding,
)

HUNDRED = eur("100.00")


SHOWN: dict[Status, History] = {
    Status.REQUIRES_CONFIRMATION: created(),
    Status.IN_REVIEW: in_review(),
    Status.PROCESSING: processing(),
    Status.REQUIRES_ACTION: requires_action(),
    Status.AUTHORIZED: authorized(),
    Status.PARTIALLY_CAPTURED: partially_captured(),
    Status.CAPTURED: captured(),
    Status.PARTIALLY_REFUNDED: refunded(eur("30.00"), of=HUNDRED),
    Status.REFUNDED: refunded(HUNDRED, of=HUNDRED),
    Status.DISPUTED: disputed(),
    Status.DISPUTE_WON: dispute_closed(DisputeResult.WON),
    Status.DISPUTE_LOST: dispute_closed(DisputeResult.LOST),
    Status.VOIDED: voided(),
    Status.EXPIRED: expired(),
    Status.FAILED: failed(),
    Status.CANCELED: canceled(),
}


def test_every_status_is_one_that_a_payment_can_have() -> None:
    assert set(SHOWN) == set(Status)


@pytest.mark.parametrize("status", Status)
def test_a_payment_has_the_status_of_its_stage(status: Status) -> None:
    assert status_of(payment_of(SHOWN[status])) is status


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        (DisputeResult.WON, DisputeResult.LOST, Status.DISPUTE_LOST),
        (DisputeResult.LOST, DisputeResult.WON, Status.DISPUTE_LOST),
        (DisputeResult.WON, DisputeResult.WON, Status.DISPUTE_WON),
    ],
)
def test_one_lost_dispute_outweighs_any_won_one(first: DisputeResult, then: DisputeResult, status: Status) -> None:
    reopened = then_(dispute_closed(first, eur("40.00")), disputes(eur("30.00"), id=OTHER_DISPUTE))
    assert status_of(payment_of(then_(reopened, ruled(then, id=OTHER_DISPUTE)))) is status


@pytest.mark.parametrize(
    ("result", "amount", "status"),
    [
        (DisputeResult.WON, eur("30.00"), Status.PARTIALLY_REFUNDED),
        (DisputeResult.WON, HUNDRED, Status.REFUNDED),
        (DisputeResult.LOST, eur("30.00"), Status.DISPUTE_LOST),
        (DisputeResult.LOST, eur("60.00"), Status.DISPUTE_LOST),
    ],
)
def test_a_refund_outweighs_a_won_dispute_and_not_a_lost_one(
    result: DisputeResult, amount: Money, status: Status
) -> None:
    history = then_(dispute_closed(result, eur("40.00")), refunds(amount))
    assert status_of(payment_of(then_(history, refund_answered(APPROVED)))) is status


@pytest.mark.parametrize(
    ("history", "status"),
    [
        (capturing(), Status.AUTHORIZED),
        (voiding(), Status.AUTHORIZED),
        (refunding(), Status.CAPTURED),
        (then_(partially_captured(), refunds()), Status.PARTIALLY_CAPTURED),
    ],
)
def test_an_operation_in_flight_does_not_show_in_the_status(history: History, status: Status) -> None:
    assert status_of(payment_of(history)) is status
