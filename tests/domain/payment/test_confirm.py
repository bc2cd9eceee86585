"""An attempt is a fact before the provider is called, and ends in one outcome; what is unknown stays open."""

from datetime import timedelta

import pytest

from domain.payment.events import (
    CaptureMethod,
    FailureKind,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    PaymentRouted,
)
from domain.payment.outcome import ActionRequired, Declined, Redirect, Refusal, Rejected, Unavailable, Unknown
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Attempt, Authorized, Captured, Failed, RequiresAction
from domain.payment.status import Status
from domain.routing.candidate import Candidate, Strategy
from domain.routing.route import DEFAULT_RULE, draw_of
from tests.support.domain import (
    ABANDONED,
    ACQUIRER,
    ACTION_REQUIRED,
    ACTION_WINDOW,
    APPROVED,
    ATTEMPT,
    DECLINED,
    LAPSED,
    MERCHANT,
    NOW,
    PAYMENT,
    REFUSALS,
    REJECTED,
    STRANGER,
    UNAVAILABLE,
    UNKNOWN,
    WINDOW,
    History,
    attempt_answered,
    brought,
    confirmed,
    created,
    eur,
    given,
    processing,
    requires_action,
    situation,
    voids,
)

POLICY = situation().policy.version
AUTHORIZED = PaymentAuthorized(
    merchant_id=MERCHANT,
    provider=ACQUIRER,
    attempt_id=ATTEMPT,
    reference=APPROVED.reference,
    amount=eur("100.00"),
    expires_at=LAPSED,
    window_policy=WINDOW.version,
)


@pytest.mark.parametrize(("method", "capture"), [(CaptureMethod.MANUAL, False), (CaptureMethod.AUTOMATIC, True)])
def test_confirming_starts_an_attempt_at_the_routed_provider(method: CaptureMethod, capture: bool) -> None:
    given(created(method=method)).when(confirmed()).then(
        PaymentRouted(
            attempt_id=ATTEMPT,
            routing_policy=POLICY,
            rule=DEFAULT_RULE,
            strategy=Strategy.PRIORITY,
            draw=draw_of(PAYMENT),
            candidates=(Candidate(provider=ACQUIRER),),
            chosen=ACQUIRER,
            reason="first in order",
        ),
        PaymentAttemptStarted(
            attempt_id=ATTEMPT,
            provider=ACQUIRER,
            amount=eur("100.00"),
            capture=capture,
            started_at=NOW,
            routing_policy=POLICY,
        ),
    )


def test_the_attempt_is_part_of_the_payment_before_any_answer() -> None:
    attempt = Attempt(attempt_id=ATTEMPT, provider=ACQUIRER, amount=eur("100.00"), capture=False, started_at=NOW)
    given(created()).when(confirmed()).then_payment(attempt=attempt, outcome_unknown=False)


def test_a_second_confirmation_is_refused_while_the_first_is_under_way() -> None:
    given(processing()).when(confirmed()).then_raises(OperationInProgress, operation=OperationKind.AUTHORIZE)


def test_an_unknown_outcome_is_not_a_decline_and_no_second_attempt_starts() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), confirmed()).then_raises(
        OperationInProgress, status=Status.PROCESSING
    )


# approved


@pytest.mark.parametrize("history", [processing(), requires_action()])
def test_an_approved_attempt_reserves_the_amount_until_its_window_ends(history: History) -> None:
    given(history).when(attempt_answered(APPROVED)).then(AUTHORIZED)
    given(history).when(attempt_answered(APPROVED)).then_stage(Authorized)


def test_the_window_counts_from_the_start_of_the_attempt_however_late_we_learn_of_it() -> None:
    long_ago = NOW - timedelta(days=30)
    given(created()).when(confirmed(at=long_ago), attempt_answered(UNKNOWN), attempt_answered(APPROVED)).then_payment(
        authorization__expires_at=WINDOW.expiry(long_ago)
    )


@pytest.mark.parametrize(
    "history",
    [processing(method=CaptureMethod.AUTOMATIC), requires_action(method=CaptureMethod.AUTOMATIC)],
)
def test_an_approved_attempt_that_captures_at_once_also_takes_the_amount(history: History) -> None:
    given(history).when(attempt_answered(APPROVED)).then(
        AUTHORIZED,
        PaymentCaptured(
            merchant_id=MERCHANT,
            provider=ACQUIRER,
            capture_id=ATTEMPT,
            reference=APPROVED.reference,
            amount=eur("100.00"),
            released=eur("0.00"),
            final=True,
            proceeds=brought(eur("100.00"), fee=eur("3.20")),
        ),
    )
    given(history).when(attempt_answered(APPROVED)).then_stage(Captured)


# not approved


@pytest.mark.parametrize(
    ("outcome", "kind", "code", "message"),
    [
        (DECLINED, FailureKind.DECLINED, DECLINED.code, DECLINED.message),
        (REJECTED, FailureKind.REJECTED, REJECTED.code, REJECTED.message),
    ],
)
def test_a_refused_attempt_fails_the_payment_and_says_why(
    outcome: Refusal, kind: FailureKind, code: str, message: str
) -> None:
    given(processing()).when(attempt_answered(outcome)).then(
        PaymentAttemptFailed(attempt_id=ATTEMPT, provider=ACQUIRER, kind=kind, code=code, message=message),
        PaymentFailed(code=code, message=message),
    )
    given(processing()).when(attempt_answered(outcome)).then_stage(Failed)


@pytest.mark.parametrize("outcome", [DECLINED, REJECTED])
def test_an_attempt_may_be_refused_after_the_customer_acted(outcome: Refusal) -> None:
    given(requires_action()).when(attempt_answered(outcome)).then_stage(Failed)


def test_a_customer_action_is_asked_for_where_the_provider_says() -> None:
    given(processing()).when(attempt_answered(ACTION_REQUIRED)).then(
        PaymentActionRequired(
            attempt_id=ATTEMPT,
            reference=ACTION_REQUIRED.reference,
            action=ACTION_REQUIRED.action,
            expires_at=ABANDONED,
            window_policy=ACTION_WINDOW.version,
        )
    )
    given(processing()).when(attempt_answered(ACTION_REQUIRED)).then_payment(
        action=ACTION_REQUIRED.action, expires_at=ABANDONED
    )


# unknown


def test_losing_sight_of_an_attempt_is_recorded() -> None:
    given(processing()).when(attempt_answered(UNKNOWN)).then(
        OperationOutcomeUnknown(operation_id=ATTEMPT, operation=OperationKind.AUTHORIZE, reason=UNKNOWN.reason)
    )
    given(processing()).when(attempt_answered(UNKNOWN)).then_payment(outcome_unknown=True)


def test_looking_in_vain_again_is_no_news() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(Unknown("still nothing"))).then_nothing()


def test_an_unknown_outcome_is_settled_by_a_late_approval() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(APPROVED)).then(AUTHORIZED)


def test_an_unknown_outcome_is_settled_by_a_late_decline() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(DECLINED)).then_status(Status.FAILED)


def test_an_unknown_outcome_may_turn_out_to_wait_for_the_customer() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(ACTION_REQUIRED)).then_stage(RequiresAction)


def test_a_request_that_never_arrived_does_not_fail_an_attempt_that_may_have_arrived_before() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(UNAVAILABLE)).then_nothing()


@pytest.mark.parametrize(
    "outcome", [UNKNOWN, UNAVAILABLE, ActionRequired("ch_1", Redirect("https://acs.example/again"))]
)
def test_while_the_customer_acts_nothing_but_an_end_is_news(outcome: Unknown | Unavailable | ActionRequired) -> None:
    given(requires_action()).when(attempt_answered(outcome)).then_nothing()


# late, double, or somebody else's


def test_an_answer_to_another_attempt_changes_nothing() -> None:
    given(processing()).when(attempt_answered(APPROVED, id=STRANGER)).then_nothing()
    given(requires_action()).when(attempt_answered(APPROVED, id=STRANGER)).then_nothing()


@pytest.mark.parametrize("outcome", [APPROVED, *REFUSALS, UNKNOWN, ACTION_REQUIRED])
def test_a_second_answer_to_a_settled_attempt_changes_nothing(
    outcome: Declined | Rejected | Unavailable | Unknown | ActionRequired,
) -> None:
    given(processing()).when(attempt_answered(APPROVED), attempt_answered(outcome)).then_nothing()


def test_an_answer_after_the_next_operation_started_changes_nothing() -> None:
    given(processing()).when(attempt_answered(APPROVED), voids(), attempt_answered(APPROVED)).then_nothing()


def test_an_authorisation_holds_from_when_the_customer_acted_however_long_that_took() -> None:
    acted = NOW + timedelta(days=6)
    given(requires_action()).when(attempt_answered(APPROVED, at=acted)).then_payment(
        authorization__expires_at=WINDOW.expiry(acted)
    )
