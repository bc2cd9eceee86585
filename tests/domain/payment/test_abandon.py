"""A customer who does not act in time ends the payment unpaid; one who still has time does not."""

from datetime import timedelta

import pytest

from domain.payment.abandon import ActionStillPossible
from domain.payment.events import CaptureMethod, FailureKind, PaymentAttemptFailed, PaymentFailed
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.status import Status
from tests.support.domain import (
    ABANDONED,
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    ATTEMPT,
    NEXT,
    SECOND,
    abandons,
    attempt_answered,
    authorized,
    fallen_back,
    given,
    payment_of,
    processing,
    requires_action,
    then_,
)

JUST_BEFORE = ABANDONED - timedelta(microseconds=1)


def test_a_customer_may_act_until_the_last_moment() -> None:
    given(requires_action()).when(abandons(JUST_BEFORE)).then_raises(ActionStillPossible, expires_at=ABANDONED)


def test_a_customer_who_did_not_act_in_time_ends_the_payment() -> None:
    code, message = "customer_action_expired", "The customer did not act in time."
    given(requires_action()).when(abandons(ABANDONED)).then(
        PaymentAttemptFailed(
            attempt_id=ATTEMPT, provider=ACQUIRER, kind=FailureKind.ABANDONED, code=code, message=message
        ),
        PaymentFailed(code=code, message=message),
    )
    given(requires_action()).when(abandons(ABANDONED)).then_status(Status.FAILED)


def test_the_attempt_that_ends_is_the_one_that_waits() -> None:
    waiting = then_(fallen_back(), attempt_answered(ACTION_REQUIRED, id=NEXT))
    failed, _ = abandons()(payment_of(waiting))
    assert isinstance(failed, PaymentAttemptFailed)
    assert (failed.attempt_id, failed.provider) == (NEXT, SECOND)


@pytest.mark.parametrize("method", CaptureMethod)
def test_a_customer_who_acted_late_but_before_anyone_looked_has_paid(method: CaptureMethod) -> None:
    given(requires_action(method=method)).when(attempt_answered(APPROVED, at=ABANDONED), abandons()).then_raises(
        IllegalTransition, verb="abandon"
    )


def test_an_approval_after_the_payment_was_abandoned_changes_nothing() -> None:
    given(requires_action()).when(abandons(), attempt_answered(APPROVED)).then_nothing()


def test_a_payment_that_waits_for_no_customer_cannot_be_abandoned() -> None:
    given(authorized()).when(abandons()).then_raises(IllegalTransition, verb="abandon", status=Status.AUTHORIZED)
    given(processing()).when(abandons()).then_raises(OperationInProgress, verb="abandon")
