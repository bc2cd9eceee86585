"""A payment held by risk: no attempt starts until somebody approves it, and a rejection ends it unpaid."""

from domain.payment.events import PaymentEvent, PaymentFailed, PaymentHeldForReview, PaymentReviewApproved
from domain.payment.refusals import refuse
from domain.payment.state import Created, InReview, Payment


def hold_for_review(payment: Payment, *, reason: str, risk_policy: str) -> tuple[PaymentEvent, ...]:
    """Hold a payment that awaits confirmation. Raises its refusal otherwise."""
    match payment:
        case Created():
            return (PaymentHeldForReview(reason=reason, risk_policy=risk_policy),)
        case _:
            raise refuse(payment, "hold for review")


def approve_review(payment: Payment) -> tuple[PaymentEvent, ...]:
    """Let a held payment be confirmed after all. Raises the refusal of a payment that is not held."""
    match payment:
        case InReview():
            return (PaymentReviewApproved(),)
        case _:
            raise refuse(payment, "approve review")


def reject_review(payment: Payment) -> tuple[PaymentEvent, ...]:
    """End a held payment unpaid. Raises the refusal of a payment that is not held."""
    match payment:
        case InReview(reason=reason):
            return (PaymentFailed(code="review_rejected", message=reason),)
        case _:
            raise refuse(payment, "reject review")
