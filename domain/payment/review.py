"""A payment held by risk: no attempt starts until somebody approves it, and a rejection ends it unpaid."""

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.payment.events import PaymentEvent, PaymentFailed, PaymentHeldForReview, PaymentReviewApproved
from domain.payment.refusals import refuse
from domain.payment.state import Created, InReview, Payment


class HoldForReview(Struct, frozen=True, kw_only=True):
    """`risk_policy` is the version of the policy that says so, and `reason` what it saw."""

    reason: str
    risk_policy: str


class RejectReview(Struct, frozen=True, kw_only=True):
    """`reason` is the operator's own."""

    reason: str


def hold_for_review(payment: Payment, command: HoldForReview) -> tuple[PaymentEvent, ...]:
    """Hold a payment. Raises CardDataRefused, or the refusal of a payment that does not await confirmation."""
    match payment:
        case Created():
            require_no_card_number("reason", command.reason)
            return (PaymentHeldForReview(reason=command.reason, risk_policy=command.risk_policy),)
        case _:
            raise refuse(payment, "hold for review")


def approve_review(payment: Payment) -> tuple[PaymentEvent, ...]:
    """Let a held payment be confirmed after all. Raises the refusal of a payment that is not held."""
    match payment:
        case InReview():
            return (PaymentReviewApproved(),)
        case _:
            raise refuse(payment, "approve review")


def reject_review(payment: Payment, command: RejectReview) -> tuple[PaymentEvent, ...]:
    """End a held payment unpaid. Raises CardDataRefused, or the refusal of a payment that is not held."""
    match payment:
        case InReview():
            require_no_card_number("reason", command.reason)
            return (PaymentFailed(code="review_rejected", message=command.reason),)
        case _:
            raise refuse(payment, "reject review")
