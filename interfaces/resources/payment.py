"""What the API shows: payments, refunds, entries and events as JSON, made from the domain's own structs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from application.payment.loaded import LoadedPayment
from domain.event import name_of
from domain.history import AnyEvent, Positioned
from domain.ledger.accounts import Side
from domain.ledger.entry import JournalEntryPosted
from domain.payment.events import CaptureMethod, OperationKind
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.payment.operation import operation_id_of, operation_of
from domain.payment.outcome import NextAction
from domain.payment.state import (
    Authorization,
    Authorized,
    Canceled,
    Captured,
    Capturing,
    Expired,
    Failed,
    InFlight,
    PartiallyCaptured,
    Payment,
    Refunding,
    RequiresAction,
    Voided,
    Voiding,
    captured_funds_of,
    terms_of,
)
from domain.payment.status import OperationStatus, Status, status_of
from interfaces import ids
from interfaces.http.server.redaction import for_merchant
from projections.payment.audit_timeline import AuditTimelineRow

OPERATION_PREFIX = {
    OperationKind.AUTHORIZE: ids.AUTHORIZATION,
    OperationKind.CAPTURE: ids.CAPTURE,
    OperationKind.VOID: ids.VOID,
    OperationKind.REFUND: ids.REFUND,
}

Instant = Annotated[datetime, Meta(tz=True)]


class Failure(Struct, frozen=True):
    code: str
    message: str


class MethodResource(Struct, frozen=True):
    """How the customer pays. `brand` and `country` are there if the merchant named them."""

    type: MethodType
    token: str
    brand: CardBrand | UnsetType = UNSET
    country: str | UnsetType = UNSET


class OperationResource(Struct, frozen=True, kw_only=True):
    """An operation at the provider: `pending` until its outcome is known."""

    id: str
    type: OperationKind
    status: OperationStatus
    failure: Failure | None


class AuthorizationResource(Struct, frozen=True, kw_only=True):
    authorization_id: str
    provider: str
    provider_reference: str
    amount: int
    expires_at: Instant


class CaptureResource(Struct, frozen=True, kw_only=True):
    """`fee` is in minor units of `fee_currency`: that in which the capture is settled."""

    capture_id: str
    amount: int
    fee: int
    fee_currency: str


class RefundedResource(Struct, frozen=True, kw_only=True):
    """A refund that succeeded; `failed` where it has failed since."""

    refund_id: str
    status: OperationStatus
    amount: int


class NextActionResource(Struct, frozen=True, kw_only=True):
    """What the customer has to do until `expires_at`."""

    expires_at: Instant
    action: NextAction


class PaymentResource(Struct, frozen=True, kw_only=True):
    """A payment and its intent: one thing under two ids. Amounts, but for fees, are in minor units of `currency`.

    `operation` is the one that the request asked for, or on a plain read the one in flight, if any.
    """

    payment_id: str
    payment_intent_id: str
    merchant_id: str
    customer_id: str
    status: Status
    amount: int
    currency: str
    amount_capturable: int
    amount_captured: int
    amount_refunded: int
    amount_refundable: int
    amount_charged_back: int
    payment_method: MethodResource
    capture_method: CaptureMethod
    authorization_id: str | None
    authorization: AuthorizationResource | None
    captures: list[CaptureResource]
    refunds: list[RefundedResource]
    operation: OperationResource | None
    failure: Failure | None
    cancellation_reason: str | None
    next_action: NextActionResource | None
    created_at: Instant
    version: int


class RefundResource(Struct, frozen=True, kw_only=True):
    """A refund: `pending` until the provider's outcome is known."""

    refund_id: str
    payment_id: str
    status: OperationStatus
    amount: int
    currency: str
    failure: Failure | None


class EventResource(Struct, frozen=True, kw_only=True):
    """A recorded event. `data` is its JSON; ids in it are plain UUIDs."""

    position: int
    version: int
    event: str
    recorded_at: Instant
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: dict[str, Any]


class TimelineResource(Struct, frozen=True, kw_only=True):
    """An event of a payment, or a journal entry that it caused. `data` is its JSON; ids in it are plain UUIDs."""

    position: int
    payment_id: str
    event: str
    recorded_at: Instant
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: dict[str, Any]


class PostingResource(Struct, frozen=True, kw_only=True):
    account: str
    side: Side
    amount: int
    currency: str


class EntryResource(Struct, frozen=True, kw_only=True):
    """A journal entry: debits equal credits in each currency."""

    entry_id: str
    position: int
    cause: str
    cause_version: int
    recorded_at: Instant
    postings: list[PostingResource]


def payment_resource(loaded: LoadedPayment, operation: OperationResource | None = None) -> PaymentResource:
    payment = loaded.payment
    terms = terms_of(payment)
    authorization = _authorization(payment)
    taken = captured_funds_of(payment)
    return PaymentResource(
        payment_id=ids.text_of(ids.PAYMENT, loaded.id),
        payment_intent_id=ids.text_of(ids.INTENT, loaded.id),
        merchant_id=terms.merchant_id,
        customer_id=terms.customer_id,
        status=status_of(payment),
        amount=terms.amount.minor,
        currency=terms.amount.currency,
        amount_capturable=_capturable_minor(payment),
        amount_captured=taken.captured.minor if taken else 0,
        amount_refunded=taken.refunded.minor if taken else 0,
        amount_refundable=taken.refundable.minor if taken else 0,
        amount_charged_back=taken.charged_back.minor if taken else 0,
        payment_method=_method(terms.method),
        capture_method=terms.capture_method,
        authorization_id=None if authorization is None else authorization.authorization_id,
        authorization=authorization,
        captures=[
            CaptureResource(
                capture_id=ids.text_of(ids.CAPTURE, capture.capture_id),
                amount=capture.amount.minor,
                fee=capture.proceeds.fee.minor,
                fee_currency=capture.proceeds.fee.currency,
            )
            for capture in (taken.captures if taken else ())
        ],
        refunds=[
            RefundedResource(
                refund_id=ids.text_of(ids.REFUND, refund.refund_id),
                status=OperationStatus.SUCCEEDED if refund.stands else OperationStatus.FAILED,
                amount=refund.amount.minor,
            )
            for refund in (taken.refunds if taken else ())
        ],
        operation=operation or operation_in_flight(payment),
        failure=Failure(payment.code, payment.message) if isinstance(payment, Failed) else None,
        cancellation_reason=payment.reason if isinstance(payment, Canceled) else None,
        next_action=_next_action(payment),
        created_at=loaded.created_at,
        version=loaded.version,
    )


def _method(method: PaymentMethod) -> MethodResource:
    return MethodResource(method.type, method.token, method.brand or UNSET, method.country or UNSET)


def _next_action(payment: Payment) -> NextActionResource | None:
    if not isinstance(payment, RequiresAction):
        return None
    return NextActionResource(expires_at=payment.expires_at, action=payment.action)


def operation_in_flight(payment: Payment) -> OperationResource | None:
    if not isinstance(payment, InFlight):
        return None
    kind = operation_of(payment)
    return OperationResource(
        id=ids.text_of(OPERATION_PREFIX[kind], operation_id_of(payment)),
        type=kind,
        status=OperationStatus.PENDING,
        failure=None,
    )


def event_resource(positioned: Positioned) -> EventResource:
    """The event as it is stored: for operators."""
    return _event_resource(positioned, positioned.event.data)


def merchant_event_resource(positioned: Positioned) -> EventResource:
    return _event_resource(positioned, for_merchant(positioned.event.data))


def _event_resource(positioned: Positioned, data: AnyEvent) -> EventResource:
    event = positioned.event
    return EventResource(
        position=positioned.position,
        version=event.originator_version,
        event=name_of(event.data),
        recorded_at=event.recorded_at,
        actor=event.actor,
        request_id=event.request_id,
        trace_id=event.trace_id,
        causation_id=event.causation_id,
        data=msgspec.to_builtins(data),
    )


def merchant_timeline_resource(row: AuditTimelineRow) -> TimelineResource:
    return TimelineResource(
        position=row.position,
        payment_id=ids.text_of(ids.PAYMENT, row.payment_id),
        event=row.event,
        recorded_at=row.recorded_at,
        actor=row.actor,
        request_id=row.request_id,
        trace_id=row.trace_id,
        causation_id=row.causation_id,
        data=msgspec.to_builtins(for_merchant(row.data)),
    )


def entry_resources(entries: Iterable[Positioned]) -> list[EntryResource]:
    return [_entry_resource(positioned, positioned.event.data) for positioned in entries]


def _entry_resource(positioned: Positioned, entry: object) -> EntryResource:
    assert isinstance(entry, JournalEntryPosted)
    return EntryResource(
        entry_id=ids.text_of(ids.ENTRY, positioned.event.originator_id),
        position=positioned.position,
        cause=entry.cause,
        cause_version=entry.cause_version,
        recorded_at=positioned.event.recorded_at,
        postings=[
            PostingResource(
                account=posting.account,
                side=posting.side,
                amount=posting.amount.minor,
                currency=posting.amount.currency,
            )
            for posting in entry.postings
        ],
    )


def _authorization(payment: Payment) -> AuthorizationResource | None:
    match payment:
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return _authorization(before)
        case Authorized() | PartiallyCaptured() | Captured() | Voided() | Expired():
            return _authorization_resource(payment.authorization)
        case _:
            return None


def _authorization_resource(authorization: Authorization) -> AuthorizationResource:
    return AuthorizationResource(
        authorization_id=ids.text_of(ids.AUTHORIZATION, authorization.attempt_id),
        provider=authorization.provider,
        provider_reference=authorization.reference,
        amount=authorization.amount.minor,
        expires_at=authorization.expires_at,
    )


def _capturable_minor(payment: Payment) -> int:
    match payment:
        case Authorized() | PartiallyCaptured():
            return payment.capturable.minor
        case _:
            return 0
