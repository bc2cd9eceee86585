"""A payment as merchants and operators see it, made from the domain's own structs."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from application.payment.loaded import LoadedPayment
from domain.identifiers import PaymentId
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
from projections.payment.status import PaymentStatusRow

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


def payment_row_resource(row: PaymentStatusRow) -> PaymentResource:
    return payment_resource(
        LoadedPayment(
            id=PaymentId(row.payment_id),
            payment=row.payment,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
    )


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


def _method(method: PaymentMethod) -> MethodResource:
    return MethodResource(method.type, method.token, method.brand or UNSET, method.country or UNSET)


def _next_action(payment: Payment) -> NextActionResource | None:
    if not isinstance(payment, RequiresAction):
        return None
    return NextActionResource(expires_at=payment.expires_at, action=payment.action)


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
