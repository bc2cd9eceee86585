"""What stays unknown too long is in doubt: recorded once, after its time, and nothing is taken for a failure."""

from datetime import timedelta

import pytest

from domain.identifiers import OperationId
from domain.payment.events import OperationInDoubt, OperationKind, OperationOutcomeUnknown
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Authorized
from domain.payment.status import Status
from tests.support.domain import (
    APPROVED,
    ATTEMPT,
    CAPTURE,
    NOW,
    RECOVERY,
    REFUND,
    SECOND,
    TRY_AGAIN,
    UNAVAILABLE,
    UNKNOWN,
    VOID,
    History,
    attempt_answered,
    capture_answered,
    capturing,
    confirmed,
    doubted,
    given,
    processing,
    refunding,
    voiding,
)

LONG_ENOUGH = NOW + timedelta(seconds=RECOVERY.in_doubt_after_s)


@pytest.mark.parametrize(
    ("history", "id", "kind"),
    [
        (processing(), ATTEMPT, OperationKind.AUTHORIZE),
        (capturing(), CAPTURE, OperationKind.CAPTURE),
        (voiding(), VOID, OperationKind.VOID),
        (refunding(), REFUND, OperationKind.REFUND),
    ],
)
def test_an_operation_without_an_outcome_is_in_doubt_once_its_time_is_over(
    history: History, id: OperationId, kind: OperationKind
) -> None:
    given(history).when(doubted(at=LONG_ENOUGH)).then(
        OperationInDoubt(operation_id=id, operation=kind, recovery_policy=RECOVERY.version)
    )
    given(history).when(doubted(at=LONG_ENOUGH)).then_payment(in_doubt=True)


def test_nothing_is_in_doubt_before_its_time() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH - timedelta(microseconds=1))).then_nothing()


def test_the_time_counts_from_when_the_provider_was_asked() -> None:
    later = NOW + timedelta(minutes=1)
    given(processing()).when(doubted(asked_at=later, at=LONG_ENOUGH)).then_nothing()


def test_a_doubt_is_recorded_once() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH), doubted(at=LONG_ENOUGH + timedelta(days=1))).then_nothing()


def test_what_is_in_doubt_is_no_failure_and_still_blocks_the_next_attempt() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH)).then_status(Status.PROCESSING)
    given(processing()).when(doubted(at=LONG_ENOUGH), confirmed()).then_raises(OperationInProgress)


def test_a_request_that_never_arrived_does_not_fail_what_is_in_doubt() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH), attempt_answered(UNAVAILABLE, SECOND)).then(
        OperationOutcomeUnknown(operation_id=ATTEMPT, operation=OperationKind.AUTHORIZE, reason=UNAVAILABLE.reason)
    )


def test_what_is_in_doubt_may_still_be_lost_sight_of_and_found() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH), attempt_answered(UNKNOWN), attempt_answered(APPROVED)).then_stage(
        Authorized
    )
    given(capturing()).when(doubted(at=LONG_ENOUGH), capture_answered(APPROVED)).then_status(Status.CAPTURED)


def test_a_decline_of_what_was_in_doubt_comes_too_late_to_go_on() -> None:
    given(processing()).when(doubted(at=LONG_ENOUGH), attempt_answered(TRY_AGAIN, SECOND, at=LONG_ENOUGH)).then_status(
        Status.FAILED
    )
