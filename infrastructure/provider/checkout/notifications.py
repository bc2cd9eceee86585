"""A webhook of Checkout.com is translated into one event of a payment's lifecycle."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.webhook import DisputeNotification, Notification, NotificationUnreadable, Unhandled
from domain.payment.events import OperationKind
from domain.payment.outcome import (
    DECLINE_CODE_OTHER,
    Approved,
    Declined,
    Outcome,
    Unknown,
)
from infrastructure.provider.checkout import disputes, naming, signature
from infrastructure.provider.checkout.amounts import UNITS
from infrastructure.provider.checkout.response_codes import decline_code
from infrastructure.provider.checkout.wire import Id
from infrastructure.provider.minor_units import Count, Currency, stated_amount
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.text import readable


class _Envelope(signature.Dated, frozen=True, kw_only=True):
    id: Id
    type: Annotated[str, Meta(pattern="^[!-~]{1,100}$")]
    data: Raw


class _Data(Struct, frozen=True):
    """The data of an event; `id` is the payment's, `action_id` that of the capture, void or refund."""

    id: Id
    action_id: Id | None = None
    reference: str | None = None
    amount: Count | None = None
    currency: Currency | None = None
    response_code: str | None = None
    response_summary: str | None = None
    metadata: dict[str, Any] | None = None


class _Approval(Struct, frozen=True):
    about: OperationKind


class _Refusal(Struct, frozen=True):
    about: OperationKind
    other: str = DECLINE_CODE_OTHER
    """The decline reason where the event gives no reason that we know."""


class _Pending(Struct, frozen=True):
    about: OperationKind


MEANINGS: Final[Mapping[str, _Approval | _Refusal | _Pending]] = {
    "payment_approved": _Approval(OperationKind.AUTHORIZE),
    "payment_pending": _Pending(OperationKind.AUTHORIZE),
    "payment_declined": _Refusal(OperationKind.AUTHORIZE),
    "payment_expired": _Refusal(OperationKind.AUTHORIZE),
    "payment_canceled": _Refusal(OperationKind.AUTHORIZE),
    "payment_captured": _Approval(OperationKind.CAPTURE),
    "payment_capture_declined": _Refusal(OperationKind.CAPTURE, "capture_declined"),
    "payment_voided": _Approval(OperationKind.VOID),
    "payment_void_declined": _Refusal(OperationKind.VOID),
    "payment_refunded": _Approval(OperationKind.REFUND),
    "payment_refund_declined": _Refusal(OperationKind.REFUND, "refund_declined"),
}
"""The meaning of each event type.

`payment_expired` belongs to a payment method whose customer never acted. No event reports an authorisation that
expires.
"""


class CheckoutNotifications:
    """Implements application.provider.webhook.Notifications. Without a secret every delivery is refused."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        signature.verify(self._secret, headers, body, now)

    def read(self, body: bytes) -> Notification | DisputeNotification | Unhandled:
        try:
            event = decode(body, _Envelope)
            if event.type in disputes.PHASES:
                return disputes.read_dispute(event.id, event.type, event.data)
            meaning = MEANINGS.get(event.type)
            if meaning is None:
                return Unhandled(event_id=event.id, kind=readable(event.type))
            data = msgspec.json.decode(event.data, type=_Data)
            amount = stated_amount(UNITS, data.amount, data.currency)
        except UNDECODABLE as error:
            raise NotificationUnreadable(readable(str(error))) from error
        if event.at is None:
            raise NotificationUnreadable("it does not say when it happened")
        return Notification(
            event_id=event.id,
            about=meaning.about,
            outcome=_outcome(event.type, meaning, data),
            operation_id=naming.operation_id(meaning.about, data.metadata or {}, data.reference),
            reference=data.id,
            own_reference=None if meaning.about is OperationKind.AUTHORIZE else data.action_id,
            amount=amount,
        )


def _outcome(kind: str, meaning: _Approval | _Refusal | _Pending, data: _Data) -> Outcome:
    match meaning:
        case _Approval(about=OperationKind.AUTHORIZE):
            return Approved(data.id)
        case _Approval():
            return Approved(data.action_id or data.id)
        case _Refusal(other=other):
            return Declined(decline_code(data.response_code, other), readable(data.response_summary or kind))
        case _Pending():
            return Unknown("the payment is pending")
