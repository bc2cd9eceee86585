"""A capture takes authorised money: in full, in part, or in several parts until one is final.

A capture never takes more than is still authorised. A partial capture is final unless it says otherwise: it releases
the rest of the authorisation. A capture of all that is left is final whatever it says.
"""

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import OperationId
from domain.money.money import AmountOutOfRange, Money, zero
from domain.payment.events import CaptureFailed, CaptureStarted, PaymentCaptured, PaymentEvent
from domain.payment.operation import failure_of, outcome_of, outcome_unknown
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.pricing import proceeds_of, require_priced
from domain.payment.refusals import refuse
from domain.payment.state import Authorized, Capturing, PartiallyCaptured, Payment
from domain.payment.status import Status, status_of
from domain.terms.pricing_context import PricingContext


class CaptureExceedsAuthorized(DomainError):
    """More was to be captured than is left of the authorisation."""

    requested: Money
    capturable: Money


class AuthorizationLapsed(DomainError):
    """The authorisation's time ran out before the capture."""

    expired_at: datetime
    status: Status


class CapturePayment(Struct, frozen=True, kw_only=True):
    """Capture `amount`, or all that is left when it is None; `final` closes the authorisation."""

    capture_id: OperationId
    amount: Money | None = None
    final: bool = True


class RecordCaptureOutcome(Struct, frozen=True, kw_only=True):
    capture_id: OperationId
    outcome: Outcome
    pricing: PricingContext


def capture(
    payment: Payment, command: CapturePayment, pricing: PricingContext, now: datetime
) -> tuple[PaymentEvent, ...]:
    """Start a capture. Raises CaptureExceedsAuthorized, AuthorizationLapsed, AmountOutOfRange, CurrencyMismatch,
    RateMissing, RateStale, FeeNotAgreed, ConversionTooLarge, or the refusal of a payment that has no open
    authorisation."""
    match payment:
        case Authorized() | PartiallyCaptured():
            capturable = payment.capturable
        case _:
            raise refuse(payment, "capture")
    amount = capturable if command.amount is None else command.amount
    if amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=amount.minor)
    if amount > capturable:
        raise CaptureExceedsAuthorized(requested=amount, capturable=capturable)
    if now >= payment.authorization.expires_at:
        raise AuthorizationLapsed(expired_at=payment.authorization.expires_at, status=status_of(payment))
    require_priced(amount, payment.terms.method.type, pricing, now)
    final = command.final or amount == capturable
    return (CaptureStarted(capture_id=command.capture_id, amount=amount, final=final),)


def record_capture_outcome(payment: Payment, command: RecordCaptureOutcome, now: datetime) -> tuple[PaymentEvent, ...]:
    """The events that the provider's answer to the capture leads to; none where the capture is no longer open."""
    match payment:
        case Capturing() if payment.capture_id == command.capture_id:
            pass
        case _:
            return ()
    outcome = outcome_of(payment, command.outcome)
    match outcome:
        case Approved(reference=reference):
            return (_captured(payment, reference, command.pricing, now),)
        case Declined() | Rejected() | Unavailable():
            kind, code, message = failure_of(outcome)
            return (CaptureFailed(capture_id=payment.capture_id, kind=kind, code=code, message=message),)
        case Unknown() | ActionRequired():
            return outcome_unknown(payment, outcome)
        case _:
            assert_never(outcome)


def _captured(payment: Capturing, reference: str, pricing: PricingContext, now: datetime) -> PaymentCaptured:
    before, amount = payment.before, payment.amount
    earlier = before.taken.captures if isinstance(before, PartiallyCaptured) else ()
    return PaymentCaptured(
        merchant_id=before.terms.merchant_id,
        provider=before.authorization.provider,
        capture_id=payment.capture_id,
        reference=reference,
        amount=amount,
        released=before.capturable - amount if payment.final else zero(amount.currency),
        final=payment.final,
        proceeds=proceeds_of(amount, before.terms.method.type, pricing, now, before=earlier),
    )
