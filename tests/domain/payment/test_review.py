"""A payment held by risk goes nowhere until somebody approves it, and a rejection ends it unpaid."""

from domain.card_data import CardDataRefused
from domain.payment.events import PaymentFailed, PaymentHeldForReview, PaymentReviewApproved
from domain.payment.refusals import IllegalTransition
from domain.payment.review import approve_review
from domain.payment.status import Status
from tests.support.domain import confirmed, created, given, held_for_review, in_review, review_rejected


def test_a_held_payment_says_why_and_by_which_policy() -> None:
    given(created()).when(held_for_review("velocity")).then(
        PaymentHeldForReview(reason="velocity", risk_policy="risk-1")
    )


def test_no_attempt_starts_while_a_payment_is_held() -> None:
    given(in_review()).when(confirmed()).then_raises(IllegalTransition, verb="confirm", status=Status.IN_REVIEW)


def test_an_approved_payment_can_be_confirmed_after_all() -> None:
    given(in_review()).when(approve_review).then(PaymentReviewApproved())
    given(in_review()).when(approve_review, confirmed()).then_status(Status.PROCESSING)


def test_an_approved_payment_is_as_it_was_before_it_was_held() -> None:
    given(in_review()).when(approve_review).then_back_at(created())


def test_a_rejected_payment_fails_for_the_reason_that_the_operator_gave() -> None:
    given(in_review()).when(review_rejected("stolen card")).then(
        PaymentFailed(code="review_rejected", message="stolen card")
    )


def test_a_card_number_in_a_reason_is_refused() -> None:
    given(created()).when(held_for_review("4242424242424242 again")).then_raises(CardDataRefused, field="reason")
    given(in_review()).when(review_rejected("stolen: 4242424242424242")).then_raises(CardDataRefused, field="reason")
