"""A payment held by risk goes nowhere until somebody approves it, and a rejection ends it unpaid."""

from domain.payment.events import PaymentFailed, PaymentHeldForReview, PaymentReviewApproved
from domain.payment.refusals import IllegalTransition
from domain.payment.review import approve_review, hold_for_review, reject_review
from domain.payment.status import Status
from tests.support.domain import confirmed, created, given, in_review


def test_a_held_payment_says_why_and_by_which_policy() -> None:
    given(created()).when(lambda payment: hold_for_review(payment, reason="velocity", risk_policy="risk-1")).then(
        PaymentHeldForReview(reason="velocity", risk_policy="risk-1")
    )


def test_no_attempt_starts_while_a_payment_is_held() -> None:
    given(in_review()).when(confirmed()).then_raises(IllegalTransition, verb="confirm", status=Status.IN_REVIEW)


def test_an_approved_payment_can_be_confirmed_after_all() -> None:
    given(in_review()).when(approve_review).then(PaymentReviewApproved())
    given(in_review()).when(approve_review, confirmed()).then_status(Status.PROCESSING)


def test_an_approved_payment_is_as_it_was_before_it_was_held() -> None:
    given(in_review()).when(approve_review).then_back_at(created())


def test_a_rejected_payment_fails_for_the_reason_it_was_held() -> None:
    given(in_review()).when(reject_review).then(PaymentFailed(code="review_rejected", message="velocity"))
