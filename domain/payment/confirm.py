"""A payment goes to a provider: the attempt is a fact before the provider is called, and ends in one outcome."""

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from domain.authorization_window import AuthorizationWindow
from domain.fees import FlatFee
from domain.identifiers import OperationId
from domain.money import zero
from domain.payment.events import (
    CaptureMethod,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentFailed,
)
from domain.payment.operation import failure_of, outcome_of, outcome_unknown
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.refusals import refuse
from domain.payment.state import Attempt, Created, Payment, Processing, RequiresAction, Terms
from domain.routing.single import SingleProvider


class ConfirmPayment(Struct, frozen=True, kw_only=True):
    attempt_id: OperationId
    routing: SingleProvider


class RecordAttemptOutcome(Struct, frozen=True, kw_only=True):
    attempt_id: OperationId
    outcome: Outcome
    fees: FlatFee
    window: AuthorizationWindow


def confirm(payment: Payment, command: ConfirmPayment, now: datetime) -> tuple[PaymentEvent, ...]:
    """Start the first attempt. Raises IllegalTransition or OperationInProgress unless it awaits confirmation."""
    match payment:
        case Created(terms=terms):
            return (
                PaymentAttemptStarted(
                    attempt_id=command.attempt_id,
                    provider=command.routing.provider,
                    amount=terms.amount,
                    capture=terms.capture_method is CaptureMethod.AUTOMATIC,
                    started_at=now,
                    routing_policy=command.routing.version,
                ),
            )
        case _:
            raise refuse(payment, "confirm")


def record_attempt_outcome(payment: Payment, command: RecordAttemptOutcome) -> tuple[PaymentEvent, ...]:
    """What the provider's answer makes of the attempt; nothing when that attempt is no longer open."""
    match payment:
        case Processing() | RequiresAction() if payment.attempt.attempt_id == command.attempt_id:
            return _settle(payment, command)
        case _:
            return ()


def _settle(payment: Processing | RequiresAction, command: RecordAttemptOutcome) -> tuple[PaymentEvent, ...]:
    attempt = payment.attempt
    outcome = outcome_of(payment, command.outcome)
    match outcome:
        case Approved(reference=reference):
            return _approved(payment.terms, attempt, reference, command)
        case Declined() | Rejected() | Unavailable():
            return _failed(attempt, outcome)
        case Unknown():
            return outcome_unknown(payment, outcome) if isinstance(payment, Processing) else ()
        case ActionRequired(reference=reference, redirect_url=redirect_url):
            if isinstance(payment, RequiresAction):
                return ()
            return (
                PaymentActionRequired(attempt_id=attempt.attempt_id, reference=reference, redirect_url=redirect_url),
            )
        case _:
            assert_never(outcome)


def _approved(
    terms: Terms, attempt: Attempt, reference: str, command: RecordAttemptOutcome
) -> tuple[PaymentEvent, ...]:
    authorized = PaymentAuthorized(
        merchant_id=terms.merchant_id,
        provider=attempt.provider,
        attempt_id=attempt.attempt_id,
        reference=reference,
        amount=attempt.amount,
        expires_at=command.window.expiry(attempt.started_at),
        window_policy=command.window.version,
    )
    if not attempt.capture:
        return (authorized,)
    captured = PaymentCaptured(
        merchant_id=terms.merchant_id,
        provider=attempt.provider,
        capture_id=attempt.attempt_id,
        reference=reference,
        amount=attempt.amount,
        released=zero(attempt.amount.currency),
        final=True,
        fee=command.fees.fee_on(attempt.amount),
        fee_policy=command.fees.version,
    )
    return (authorized, captured)


def _failed(attempt: Attempt, outcome: Refusal) -> tuple[PaymentEvent, ...]:
    kind, code, message = failure_of(outcome)
    return (
        PaymentAttemptFailed(
            attempt_id=attempt.attempt_id, provider=attempt.provider, kind=kind, code=code, message=message
        ),
        PaymentFailed(code=code, message=message),
    )
