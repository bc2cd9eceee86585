"""A void releases what is still authorised, and never touches what was taken."""

import pytest

from domain.payment.events import (
    FailureKind,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentVoided,
    VoidFailed,
    VoidStarted,
)
from domain.payment.outcome import Refusal
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Voided
from domain.payment.status import Status
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    DECLINED,
    MERCHANT,
    REFUSALS,
    STRANGER,
    UNAVAILABLE,
    UNKNOWN,
    VOID,
    authorized,
    captures,
    eur,
    given,
    partially_captured,
    void_answered,
    voided,
    voiding,
    voids,
)


def released(amount: str) -> PaymentVoided:
    return PaymentVoided(merchant_id=MERCHANT, provider=ACQUIRER, void_id=VOID, released=eur(amount))


def test_a_void_is_a_fact_before_the_provider_is_called() -> None:
    given(authorized()).when(voids()).then(VoidStarted(void_id=VOID))


def test_voiding_before_any_capture_releases_all_of_it() -> None:
    given(voiding(eur("100.00"))).when(void_answered(APPROVED)).then(released("100.00"))
    given(voiding()).when(void_answered(APPROVED)).then_stage(Voided)


def test_voiding_after_a_partial_capture_releases_the_rest_and_keeps_what_was_taken() -> None:
    history = partially_captured(eur("40.00"), of=eur("100.00"))
    given(history).when(voids(), void_answered(APPROVED)).then(released("60.00"))
    given(history).when(voids(), void_answered(APPROVED)).then_payment(
        taken__captured=eur("40.00"), taken__refundable=eur("40.00")
    )
    given(history).when(voids(), void_answered(APPROVED)).then_status(Status.CAPTURED)


@pytest.mark.parametrize("outcome", REFUSALS)
def test_a_failed_void_leaves_the_authorisation_as_it_was(outcome: Refusal) -> None:
    given(authorized()).when(voids(), void_answered(outcome)).then_back_at(authorized())
    given(partially_captured()).when(voids(), void_answered(outcome)).then_back_at(partially_captured())


def test_a_failed_void_says_why() -> None:
    given(voiding()).when(void_answered(DECLINED)).then(
        VoidFailed(void_id=VOID, kind=FailureKind.DECLINED, code=DECLINED.code, message=DECLINED.message)
    )


def test_nothing_is_captured_while_a_void_is_under_way() -> None:
    given(voiding()).when(captures()).then_raises(OperationInProgress, operation=OperationKind.VOID)
    given(voiding()).when(void_answered(UNKNOWN), captures()).then_raises(OperationInProgress, verb="capture")


def test_losing_sight_of_a_void_is_recorded_once() -> None:
    given(voiding()).when(void_answered(UNKNOWN)).then(
        OperationOutcomeUnknown(operation_id=VOID, operation=OperationKind.VOID, reason=UNKNOWN.reason)
    )
    given(voiding()).when(void_answered(UNKNOWN), void_answered(UNKNOWN)).then_nothing()
    given(voiding()).when(void_answered(UNKNOWN), void_answered(APPROVED)).then_stage(Voided)


def test_a_request_that_never_arrived_does_not_fail_a_void_that_may_have_arrived_before() -> None:
    given(voiding()).when(void_answered(UNKNOWN), void_answered(UNAVAILABLE)).then_nothing()


def test_an_action_that_makes_no_sense_for_a_void_leaves_it_unknown() -> None:
    given(voiding()).when(void_answered(ACTION_REQUIRED)).then_payment(outcome_unknown=True)


def test_an_answer_to_another_void_or_a_second_answer_changes_nothing() -> None:
    given(voiding()).when(void_answered(APPROVED, id=STRANGER)).then_nothing()
    given(voided()).when(void_answered(APPROVED)).then_nothing()
