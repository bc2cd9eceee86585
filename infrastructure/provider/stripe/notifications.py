"""A Stripe event is translated into a notification about one of our operations, or is Unhandled."""

# An intent that succeeded has been captured, at once or later: its event is about the capture. The result of the
# authorisation alone comes with `amount_capturable_updated`, `requires_action` and `payment_failed`.

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw, Struct

from application.provider.webhook import DisputeNotification, Notification, NotificationUnreadable, Unhandled
from domain.payment.events import OperationKind
from infrastructure.provider.reading import UNDECODABLE, decode
from infrastructure.provider.stripe import disputes, signature
from infrastructure.provider.stripe.objects import (
    CAPTURE_OPERATION_ID,
    OPERATION_ID,
    PaymentIntent,
    Refund,
    StripeId,
)
from infrastructure.provider.text import readable

AUTHORISED: Final = frozenset(
    {
        "payment_intent.amount_capturable_updated",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
    }
)
CAPTURED: Final = "payment_intent.succeeded"
CANCELED: Final = "payment_intent.canceled"
REFUNDED: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
"""Stripe sends one change under two names, depending on the age of the endpoint.

The two differ in `event_id`, and not in the outcome.
"""


class _Data(Struct, frozen=True):
    object: Raw


class _Event(Struct, frozen=True):
    id: StripeId
    type: str
    data: _Data


class StripeNotifications:
    """Implements application.provider.webhook.Notifications for the webhook endpoint that `secret` belongs to."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        signature.verify(headers, body, self._secret, now)

    def read(self, body: bytes) -> Notification | DisputeNotification | Unhandled:
        return read_event(body)


def read_event(body: bytes) -> Notification | DisputeNotification | Unhandled:
    """The notification of an event from a webhook or from the list of events. Raises NotificationUnreadable."""
    try:
        event = decode(body, _Event)
        said = bytes(event.data.object)
        if event.type in REFUNDED:
            return _of_refund(event.id, msgspec.json.decode(said, type=Refund))
        if event.type in disputes.TYPES:
            return disputes.notification_of(event.id, event.type, msgspec.json.decode(said, type=disputes.Dispute))
        if event.type in AUTHORISED:
            return _of_authorization(event.id, msgspec.json.decode(said, type=PaymentIntent))
        if event.type == CAPTURED:
            return _of_capture(event.id, msgspec.json.decode(said, type=PaymentIntent))
        if event.type == CANCELED:
            return _of_cancellation(event.id, msgspec.json.decode(said, type=PaymentIntent))
    except UNDECODABLE as error:
        raise NotificationUnreadable(readable(str(error))) from error
    return Unhandled(event_id=event.id, kind=readable(event.type))


def _of_authorization(event_id: str, intent: PaymentIntent) -> Notification:
    return Notification(
        event_id=event_id,
        about=OperationKind.AUTHORIZE,
        outcome=intent.authorized(),
        operation_id=intent.operation(OPERATION_ID),
        reference=intent.id,
        amount=intent.stated(intent.amount_capturable if intent.status == "requires_capture" else intent.amount),
    )


def _of_capture(event_id: str, intent: PaymentIntent) -> Notification:
    """A notification of the capture of `intent`.

    The capturing operation is the authorisation where the intent captures at once, else the capture that left its id.
    """
    return Notification(
        event_id=event_id,
        about=OperationKind.CAPTURE,
        outcome=intent.captured(),
        operation_id=intent.operation(OPERATION_ID if intent.captures_at_once else CAPTURE_OPERATION_ID),
        reference=intent.id,
        own_reference=intent.id,
        amount=intent.stated(intent.amount_received),
    )


def _of_cancellation(event_id: str, intent: PaymentIntent) -> Notification:
    """A notification of the cancellation of `intent`.

    The reserved amount is released by a void of ours or by expiry. A void leaves no id, and is therefore found by the
    charge. For an intent that never reserved anything the notification is about the authorisation, which came to
    nothing.
    """
    if not intent.was_authorized:
        return _of_authorization(event_id, intent)
    return Notification(
        event_id=event_id,
        about=OperationKind.VOID,
        outcome=intent.voided(),
        operation_id=None,
        reference=intent.id,
        own_reference=intent.id,
        amount=intent.stated(intent.amount),
    )


def _of_refund(event_id: str, refund: Refund) -> Notification | Unhandled:
    if refund.releases and refund.operation() is None:
        return Unhandled(event_id=event_id, kind=f"refund {refund.id}: the release of what a capture left")
    return Notification(
        event_id=event_id,
        about=OperationKind.REFUND,
        outcome=refund.refunded(),
        operation_id=refund.operation(),
        reference=refund.payment_intent,
        own_reference=refund.id,
        amount=refund.stated,
    )
