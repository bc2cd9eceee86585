"""A payment's route and attempt are facts before its provider is called.

An attempt ends in one outcome. What certainly was no charge may go on to the next provider; nothing else may.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.money.money import Money, zero
from domain.payment.abandon import abandon
from domain.payment.action_window import ActionWindow
from domain.payment.authorization_window import AuthorizationWindow
from domain.payment.cancel import canceled
from domain.payment.events import (
    CaptureMethod,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentFailed,
    PaymentRouted,
)
from domain.payment.operation import failure_of, outcome_of, outcome_unknown
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    ActionRequired,
    Approved,
    ApprovedInPart,
    Declined,
    Outcome,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.pricing import proceeds_of, require_priced
from domain.payment.refusals import refuse
from domain.payment.state import Created, FailedAttempt, Payment, Processing, RequiresAction, Terms
from domain.routing.policy import Retry
from domain.routing.route import Asked, Situation, route
from domain.terms.pricing_context import PricingContext

NO_PROVIDER = "no_provider_available"
PINNED = "pinned"
"""The rule of a route that no policy chose."""


class NextAttempt(Struct, frozen=True, kw_only=True):
    """The id of a further attempt, and the facts that its route depends on: `pinned_to` is the provider that has the
    attempt's charge already, by what it told a restored store."""

    payment_id: PaymentId
    attempt_id: OperationId
    situation: Situation
    pinned_to: ProviderName | None = None


class RecordAttemptOutcome(Struct, frozen=True, kw_only=True):
    """`next` is None where the payment is to end with this attempt, whatever the policy would allow."""

    attempt_id: OperationId
    outcome: Outcome
    pricing: PricingContext
    window: AuthorizationWindow
    action_window: ActionWindow
    next: NextAttempt | None


def confirm(payment: Payment, command: NextAttempt, pricing: PricingContext, now: datetime) -> tuple[PaymentEvent, ...]:
    """Start the first attempt, or end the payment where no provider can take it.

    Raises IllegalTransition or OperationInProgress unless it awaits confirmation; RateMissing or RateStale where it
    could not be converted to what the merchant is settled in.
    """
    match payment:
        case Created(terms=terms):
            require_priced(terms.amount, terms.method.type, pricing, now)
            routed, started = _sent(terms, command, (), now)
            if started is None:
                return (routed, PaymentFailed(code=NO_PROVIDER, message=routed.reason))
            return (routed, started)
        case _:
            raise refuse(payment, "confirm")


def record_attempt_outcome(payment: Payment, command: RecordAttemptOutcome, now: datetime) -> tuple[PaymentEvent, ...]:
    """The events that the provider's answer to the attempt leads to; none where the attempt is no longer open."""
    match payment:
        case Processing() | RequiresAction() if payment.attempt.attempt_id == command.attempt_id:
            return _settle(payment, command, now)
        case _:
            return ()


def _settle(
    payment: Processing | RequiresAction, command: RecordAttemptOutcome, now: datetime
) -> tuple[PaymentEvent, ...]:
    attempt = payment.attempt
    outcome = outcome_of(payment, command.outcome)
    match outcome:
        case ApprovedInPart(reference=reference, amount=amount):
            return _approved(payment, reference, amount, command, now)
        case Approved(reference=reference):
            return _approved(payment, reference, attempt.amount, command, now)
        case Declined(code=code) if code == DECLINE_CODE_CANCELED and isinstance(payment, RequiresAction):
            # It is what we ask of the provider once the time is over.
            return abandon(payment, now) if now >= payment.expires_at else canceled(attempt, reason=None)
        case Declined() | Rejected() | Unavailable():
            return _failed(payment, outcome, command.next, now)
        case Unknown():
            return outcome_unknown(payment, outcome) if isinstance(payment, Processing) else ()
        case ActionRequired(reference=reference, action=action):
            if isinstance(payment, RequiresAction):
                return ()
            return (
                PaymentActionRequired(
                    attempt_id=attempt.attempt_id,
                    reference=reference,
                    action=action,
                    expires_at=command.action_window.expiry(payment.terms.method.type, now),
                    window_policy=command.action_window.version,
                ),
            )
        case _:
            assert_never(outcome)


def _approved(
    payment: Processing | RequiresAction,
    reference: str,
    amount: Money,
    command: RecordAttemptOutcome,
    now: datetime,
) -> tuple[PaymentEvent, ...]:
    terms, attempt = payment.terms, payment.attempt
    # A customer may have taken days: the money was reserved when they acted, not when they were asked.
    reserved_at = attempt.started_at if isinstance(payment, Processing) else now
    authorized = PaymentAuthorized(
        merchant_id=terms.merchant_id,
        provider=attempt.provider,
        attempt_id=attempt.attempt_id,
        reference=reference,
        amount=amount,
        expires_at=command.window.expiry(reserved_at),
        window_policy=command.window.version,
    )
    if not attempt.capture:
        return (authorized,)
    captured = PaymentCaptured(
        merchant_id=terms.merchant_id,
        provider=attempt.provider,
        capture_id=attempt.attempt_id,
        reference=reference,
        amount=amount,
        released=zero(amount.currency),
        final=True,
        proceeds=proceeds_of(amount, terms.method.type, command.pricing, now),
    )
    return (authorized, captured)


def _failed(
    payment: Processing | RequiresAction, outcome: Refusal, following: NextAttempt | None, now: datetime
) -> tuple[PaymentEvent, ...]:
    attempt = payment.attempt
    kind, code, message = failure_of(outcome)
    failed = PaymentAttemptFailed(
        attempt_id=attempt.attempt_id, provider=attempt.provider, kind=kind, code=code, message=message
    )
    ended = PaymentFailed(code=code, message=message)
    # A customer who has acted once for nothing is not sent through it again without being asked.
    if isinstance(payment, RequiresAction) or following is None:
        return (failed, ended)
    this = FailedAttempt(
        attempt_id=attempt.attempt_id, provider=attempt.provider, started_at=attempt.started_at, code=code
    )
    tried = (*payment.tried, this)
    if not _should_reroute(following.situation.policy.retry, outcome, tried, now):
        return (failed, ended)
    routed, started = _sent(payment.terms, following, tried, now)
    return (failed, routed, ended) if started is None else (failed, routed, started)


def _should_reroute(retry: Retry, outcome: Refusal, tried: Sequence[FailedAttempt], now: datetime) -> bool:
    """Whether another provider may be asked."""
    if len(tried) >= retry.attempts_max or now - tried[0].started_at >= timedelta(seconds=retry.total_s_max):
        return False
    match outcome:
        case Unavailable():
            return True
        case Declined(code=code):
            return code in retry.soft_declines
        case Rejected():
            return False
        case _:
            assert_never(outcome)


def _sent(
    terms: Terms, command: NextAttempt, tried: Sequence[FailedAttempt], now: datetime
) -> tuple[PaymentRouted, PaymentAttemptStarted | None]:
    """The route, and the attempt at the provider that it chose, if any."""
    asked = Asked(
        payment_id=command.payment_id, merchant_id=terms.merchant_id, amount=terms.amount, method=terms.method
    )
    way = route(command.situation, asked, tried=[attempt.provider for attempt in tried])
    if command.pinned_to is not None:
        way = replace(way, rule=PINNED, chosen=command.pinned_to, reason="the provider has the charge already")
    policy = command.situation.policy.version
    routed = PaymentRouted(
        attempt_id=command.attempt_id,
        routing_policy=policy,
        rule=way.rule,
        strategy=way.strategy,
        draw=way.draw,
        candidates=way.candidates,
        chosen=way.chosen,
        reason=way.reason,
    )
    if way.chosen is None:
        return routed, None
    started = PaymentAttemptStarted(
        attempt_id=command.attempt_id,
        provider=way.chosen,
        amount=terms.amount,
        capture=terms.capture_method is CaptureMethod.AUTOMATIC,
        started_at=now,
        routing_policy=policy,
    )
    return routed, started
