"""A payment has one status for its merchant."""

from enum import StrEnum
from typing import assert_never

from domain.money.money import zero
from domain.payment.state import (
    Authorized,
    Canceled,
    Captured,
    CapturedFunds,
    Capturing,
    Created,
    DisputeResult,
    Expired,
    Failed,
    InReview,
    PartiallyCaptured,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Rerouting,
    Voided,
    Voiding,
)


class Status(StrEnum):
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    IN_REVIEW = "in_review"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    VOIDED = "voided"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


class OperationStatus(StrEnum):
    """Of an attempt, capture, void or refund: `pending` until the provider's outcome is known."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def status_of(payment: Payment) -> Status:
    """The status of `payment`; while a capture, void or refund is in flight, that of the state it started from."""
    match payment:
        case Created():
            return Status.REQUIRES_CONFIRMATION
        case InReview():
            return Status.IN_REVIEW
        case Processing() | Rerouting():
            return Status.PROCESSING
        case RequiresAction():
            return Status.REQUIRES_ACTION
        case Authorized():
            return Status.AUTHORIZED
        case PartiallyCaptured(taken=taken):
            return _of_disputes(taken) or Status.PARTIALLY_CAPTURED
        case Captured():
            return _after_capture(payment)
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return status_of(before)
        case Voided():
            return Status.VOIDED
        case Expired():
            return Status.EXPIRED
        case Failed():
            return Status.FAILED
        case Canceled():
            return Status.CANCELED
        case _:
            assert_never(payment)


def _after_capture(payment: Captured) -> Status:
    """The status of the greatest weight: an open or lost dispute, then refunds, then a dispute that was won."""
    taken = payment.taken
    nothing = zero(taken.currency)
    if weighty := _of_disputes(taken):
        return weighty
    if taken.refunded > nothing:
        return Status.REFUNDED if taken.refundable == nothing else Status.PARTIALLY_REFUNDED
    return Status.DISPUTE_WON if taken.disputes else Status.CAPTURED


def _of_disputes(taken: CapturedFunds) -> Status | None:
    results = {dispute.result for dispute in taken.disputes}
    if None in results:
        return Status.DISPUTED
    return Status.DISPUTE_LOST if DisputeResult.LOST in results else None
