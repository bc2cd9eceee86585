"""A payment goes on to the next provider only after what certainly was no charge, and only within its bounds."""

from datetime import timedelta

import pytest

from domain.payment.confirm import NO_PROVIDER
from domain.payment.events import (
    CaptureMethod,
    FailureKind,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentFailed,
    PaymentRouted,
)
from domain.payment.outcome import Declined, Refusal, Rejected
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Attempt, Authorized, Failed, FailedAttempt, Processing, RequiresAction
from domain.routing.candidate import Candidate, Strategy
from domain.routing.route import DEFAULT_RULE, draw_of
from tests.support.domain import (
    ACQUIRER,
    ACTION_REQUIRED,
    APPROVED,
    ATTEMPT,
    DECLINED,
    HUNDRED,
    NEXT,
    NOW,
    PAYMENT,
    REJECTED,
    SECOND,
    THEN,
    THIRD,
    TRY_AGAIN,
    UNAVAILABLE,
    UNKNOWN,
    attempt_answered,
    confirmed,
    created,
    fallen_back,
    given,
    processing,
    requires_action,
    situation,
)

BOTH = situation(ACQUIRER, SECOND)
POLICY = BOTH.policy.version
TOO_LATE = NOW + timedelta(seconds=BOTH.policy.retry.total_s_max)
JUST_IN_TIME = TOO_LATE - timedelta(microseconds=1)
LATER = NOW + timedelta(seconds=5)


def routed_to_second(reason: str) -> PaymentRouted:
    return PaymentRouted(
        attempt_id=NEXT,
        routing_policy=POLICY,
        rule=DEFAULT_RULE,
        strategy=Strategy.PRIORITY,
        draw=draw_of(PAYMENT, after=1),
        candidates=(Candidate(provider=ACQUIRER, out="tried before"), Candidate(provider=SECOND)),
        chosen=SECOND,
        reason=reason,
    )


# what goes on


@pytest.mark.parametrize(
    ("outcome", "kind", "code", "message"),
    [
        (TRY_AGAIN, FailureKind.DECLINED, TRY_AGAIN.code, TRY_AGAIN.message),
        (UNAVAILABLE, FailureKind.UNAVAILABLE, "provider_unavailable", UNAVAILABLE.reason),
    ],
)
def test_what_certainly_was_no_charge_goes_on_to_the_next_provider(
    outcome: Refusal, kind: FailureKind, code: str, message: str
) -> None:
    given(processing()).when(attempt_answered(outcome, within=BOTH, at=LATER)).then(
        PaymentAttemptFailed(attempt_id=ATTEMPT, provider=ACQUIRER, kind=kind, code=code, message=message),
        routed_to_second(f"first in order after {ACQUIRER}"),
        PaymentAttemptStarted(
            attempt_id=NEXT,
            provider=SECOND,
            amount=HUNDRED,
            capture=False,
            started_at=LATER,
            routing_policy=POLICY,
        ),
    )


def test_the_payment_remembers_whom_it_tried() -> None:
    given(processing()).when(attempt_answered(TRY_AGAIN, within=BOTH, at=LATER)).then_payment(
        attempt=Attempt(attempt_id=NEXT, provider=SECOND, amount=HUNDRED, capture=False, started_at=LATER),
        tried=(FailedAttempt(attempt_id=ATTEMPT, provider=ACQUIRER, started_at=NOW, code=TRY_AGAIN.code),),
        outcome_unknown=False,
        in_doubt=False,
    )


def test_the_next_provider_takes_the_money_at_once_where_the_first_should_have() -> None:
    given(fallen_back(method=CaptureMethod.AUTOMATIC)).when(attempt_answered(APPROVED, id=NEXT)).then_payment(
        authorization__provider=SECOND, taken__captured=HUNDRED
    )


def test_the_next_provider_may_approve() -> None:
    given(fallen_back()).when(attempt_answered(APPROVED, id=NEXT)).then_stage(Authorized)


def test_the_next_provider_may_send_the_customer_somewhere() -> None:
    given(fallen_back()).when(attempt_answered(ACTION_REQUIRED, id=NEXT)).then_stage(RequiresAction)


def test_what_the_first_provider_says_once_the_next_is_asked_changes_nothing() -> None:
    given(fallen_back()).when(attempt_answered(APPROVED, id=ATTEMPT, within=BOTH)).then_nothing()


# what stops


@pytest.mark.parametrize("outcome", [DECLINED, REJECTED, Rejected(TRY_AGAIN.code, TRY_AGAIN.message)])
def test_a_hard_decline_or_a_rejection_ends_the_payment_whoever_else_could_be_asked(
    outcome: Declined | Rejected,
) -> None:
    given(processing()).when(attempt_answered(outcome, within=BOTH)).then_payment(
        code=outcome.code, message=outcome.message
    )
    given(processing()).when(attempt_answered(outcome, within=BOTH)).then_stage(Failed)


@pytest.mark.parametrize("outcome", [TRY_AGAIN, DECLINED, REJECTED])
def test_a_customer_who_acted_for_nothing_is_not_sent_through_it_again(outcome: Refusal) -> None:
    given(requires_action()).when(attempt_answered(outcome, within=BOTH)).then_stage(Failed)


def test_an_unknown_outcome_blocks_the_next_attempt_and_a_second_confirmation() -> None:
    given(processing()).when(attempt_answered(UNKNOWN, within=BOTH)).then_payment(
        attempt__provider=ACQUIRER, tried=(), outcome_unknown=True
    )
    given(processing()).when(attempt_answered(UNKNOWN), confirmed(within=BOTH)).then_raises(OperationInProgress)


def test_a_repeat_that_never_arrived_does_not_free_an_attempt_that_may_have_arrived() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(UNAVAILABLE, within=BOTH)).then_nothing()


# how long, and how often


def test_what_was_unknown_and_then_declined_goes_on_within_the_time_bound() -> None:
    given(processing()).when(
        attempt_answered(UNKNOWN), attempt_answered(TRY_AGAIN, within=BOTH, at=JUST_IN_TIME)
    ).then_payment(attempt__provider=SECOND, outcome_unknown=False)


def test_what_was_unknown_and_declined_too_late_ends_the_payment() -> None:
    given(processing()).when(attempt_answered(UNKNOWN), attempt_answered(TRY_AGAIN, within=BOTH, at=TOO_LATE)).then(
        PaymentAttemptFailed(
            attempt_id=ATTEMPT,
            provider=ACQUIRER,
            kind=FailureKind.DECLINED,
            code=TRY_AGAIN.code,
            message=TRY_AGAIN.message,
        ),
        PaymentFailed(code=TRY_AGAIN.code, message=TRY_AGAIN.message),
    )


def test_the_time_counts_from_the_first_attempt() -> None:
    three = situation(ACQUIRER, SECOND, THIRD)
    given(fallen_back()).when(attempt_answered(TRY_AGAIN, id=NEXT, next_id=THEN, within=three, at=TOO_LATE)).then_stage(
        Failed
    )


@pytest.mark.parametrize(("attempts_max", "stage"), [(1, Failed), (2, Failed), (3, Processing)])
def test_no_more_attempts_than_the_policy_allows(attempts_max: int, stage: type[Failed | Processing]) -> None:
    bounded = situation(ACQUIRER, SECOND, THIRD, attempts_max=attempts_max)
    given(fallen_back()).when(attempt_answered(TRY_AGAIN, id=NEXT, next_id=THEN, within=bounded)).then_stage(stage)


def test_nobody_is_asked_twice() -> None:
    given(fallen_back()).when(attempt_answered(TRY_AGAIN, id=NEXT, next_id=THEN, within=BOTH)).then_stage(Failed)


# nobody left


def test_where_no_route_is_left_the_payment_fails_for_the_last_refusal_and_the_route_says_so() -> None:
    dark = situation(ACQUIRER, SECOND, open_circuits={SECOND})
    given(processing()).when(attempt_answered(UNAVAILABLE, within=dark)).then(
        PaymentAttemptFailed(
            attempt_id=ATTEMPT,
            provider=ACQUIRER,
            kind=FailureKind.UNAVAILABLE,
            code="provider_unavailable",
            message=UNAVAILABLE.reason,
        ),
        PaymentRouted(
            attempt_id=NEXT,
            routing_policy=POLICY,
            rule=DEFAULT_RULE,
            strategy=Strategy.PRIORITY,
            draw=draw_of(PAYMENT, after=1),
            candidates=(
                Candidate(provider=ACQUIRER, out="tried before"),
                Candidate(provider=SECOND, out="circuit open"),
            ),
            chosen=None,
            reason=f"no provider is left after {ACQUIRER}",
        ),
        PaymentFailed(code="provider_unavailable", message=UNAVAILABLE.reason),
    )


def test_where_there_is_no_route_at_all_the_payment_fails_and_nobody_is_asked() -> None:
    dark = situation(ACQUIRER, open_circuits={ACQUIRER})
    given(created()).when(confirmed(within=dark)).then(
        PaymentRouted(
            attempt_id=ATTEMPT,
            routing_policy=POLICY,
            rule=DEFAULT_RULE,
            strategy=Strategy.PRIORITY,
            draw=draw_of(PAYMENT),
            candidates=(Candidate(provider=ACQUIRER, out="circuit open"),),
            chosen=None,
            reason="no provider is left",
        ),
        PaymentFailed(code=NO_PROVIDER, message="no provider is left"),
    )
    given(created()).when(confirmed(within=dark)).then_payment(code="no_provider_available")


def test_an_open_circuit_is_passed_over() -> None:
    given(created()).when(confirmed(within=situation(ACQUIRER, SECOND, open_circuits={ACQUIRER}))).then_payment(
        attempt__provider=SECOND, tried=()
    )
