"""Examples of refusals that the routes of payments document."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from application.payment.cancellation import CancellationRefused, CancellationUnanswered
from application.payment.loaded import PaymentNotFound
from application.payment.lost_charges import ChargeUncertain
from application.write.gate import StoreClosed
from application.write.idempotency import IdempotencyKeyInFlight, IdempotencyKeyReused
from application.write.store import StoreUnavailable, WriterBusy
from domain.money.money import Money
from domain.payment.capture import CaptureExceedsAuthorized
from domain.payment.events import OperationKind
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.status import Status
from interfaces.resources.refusals import (
    BodyInvalid,
    BodyTooLarge,
    MediaTypeRefused,
    MissingIdempotencyKey,
    MissingKey,
    OtherMerchant,
    Overloaded,
    ParameterInvalid,
    RefundNotFound,
    UnknownKey,
)
from projections.engine.checkpoint import ViewRebuilding
from projections.engine.waiting import ViewBehind

QUERIES: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    PaymentNotFound(),
    StoreUnavailable(),
    ViewBehind(view="payment_status", position=1042),
    ViewRebuilding(view="payment_status"),
)
COMMANDS: tuple[Exception, ...] = (
    BodyInvalid(field="amount", reason="Expected 'int' >= 1"),
    MissingIdempotencyKey(),
    MissingKey(),
    UnknownKey(),
    OtherMerchant(),
    PaymentNotFound(),
    IdempotencyKeyInFlight(),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    IdempotencyKeyReused(),
    StoreUnavailable(),
    WriterBusy(),
    StoreClosed(since=datetime(2026, 11, 27, 9, 30, tzinfo=UTC), because="the store was restored"),
    Overloaded(),
)
STEPS: tuple[Exception, ...] = (
    IllegalTransition(verb="capture", status=Status.VOIDED),
    OperationInProgress(verb="refund", operation=OperationKind.CAPTURE, status=Status.AUTHORIZED),
)
_OF_OPERATION: Final[Mapping[str, tuple[Exception, ...]]] = {
    "create_payment_intent": (ChargeUncertain(provider="north"),),
    "cancel_payment_intent": (
        IllegalTransition(verb="cancel", status=Status.CAPTURED),
        OperationInProgress(verb="cancel", operation=OperationKind.AUTHORIZE, status=Status.PROCESSING),
        CancellationRefused(),
        CancellationUnanswered(),
    ),
    "capture_payment": (
        *STEPS,
        CaptureExceedsAuthorized(requested=Money(12_000, "EUR"), capturable=Money(10_000, "EUR")),
    ),
    "refund_payment": (
        *STEPS,
        RefundExceedsCaptured(requested=Money(12_000, "EUR"), refundable=Money(10_000, "EUR")),
    ),
}

EXAMPLES: Final[Mapping[str, tuple[Exception, ...]]] = {
    "get_refund": (*QUERIES[:3], RefundNotFound(), StoreUnavailable()),
}


def examples_of_payments(operation_id: str, *, is_command: bool) -> tuple[Exception, ...]:
    """Refusals of an operation on payments."""
    if operation_id in EXAMPLES:
        return EXAMPLES[operation_id]
    return (*COMMANDS, *_OF_OPERATION.get(operation_id, STEPS)) if is_command else QUERIES
