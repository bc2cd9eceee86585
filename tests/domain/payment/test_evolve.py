"""Folding reads a history as it was written, whole or in part, and says so when none of ours could be like that."""

import pytest

from domain.payment.events import PaymentEvent, PaymentReviewApproved
from domain.payment.evolve import HistoryUnreadable, evolve, fold
from domain.payment.state import DisputeResult
from tests.support.domain import (
    APPROVED,
    History,
    authorized,
    captured,
    created,
    dispute_closed,
    failed,
    payment_of,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    then_,
    voided,
)

LONG = then_(then_(dispute_closed(DisputeResult.WON), refunds()), refund_answered(APPROVED))


def test_no_events_are_no_payment() -> None:
    assert fold([]) is None


def test_folding_twice_gives_the_same_payment() -> None:
    assert fold(LONG) == fold(LONG)


@pytest.mark.parametrize("length", range(1, len(LONG) + 1))
def test_folding_on_from_a_prefix_gives_the_payment_of_the_whole(length: int) -> None:
    payment = payment_of(LONG[:length])
    for event in LONG[length:]:
        payment = evolve(payment, event)
    assert payment == payment_of(LONG)


def test_a_capture_may_follow_an_authorisation_directly() -> None:
    """An attempt that captures at once has no `CaptureStarted`: the attempt itself was the intent."""
    assert payment_of(authorized() + captured()[-1:]) == payment_of(captured())


@pytest.mark.parametrize(
    ("history", "event"),
    [
        ((), PaymentReviewApproved()),
        (created(), created()[0]),
        (created(), PaymentReviewApproved()),
        (created(), captured()[-1]),
        (processing(), captured()[-1]),
        (failed(), captured()[-1]),
        (refunding(), captured()[-1]),
        (authorized(), refunded()[-1]),
        (captured(), authorized()[-1]),
        (authorized(), failed()[-1]),
        (captured(), failed()[-1]),
        (voided(), failed()[-1]),
        (failed(), failed()[-1]),
    ],
)
def test_what_no_decision_of_ours_could_have_written_is_unreadable(history: History, event: PaymentEvent) -> None:
    with pytest.raises(HistoryUnreadable):
        fold((*history, event))
