"""A webhook of the simulator is translated into a notification; only `charge.captured` reports an immediate capture."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.webhook import DisputeNotification, Notification, NotificationUnreadable, Unhandled
from domain.payment.events import OperationKind
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome
from infrastructure.provider.minor_units import Count, Currency, stated_amount
from infrastructure.provider.reading import UNDECODABLE, decode, our_operation
from infrastructure.provider.simulator import disputes, signature
from infrastructure.provider.simulator.translate import MINOR_UNITS, Action, Name, declined, next_action
from infrastructure.provider.text import readable

ABOUT: Final = {
    "charge.requires_action": OperationKind.AUTHORIZE,
    "charge.authorized": OperationKind.AUTHORIZE,
    "charge.declined": OperationKind.AUTHORIZE,
    "charge.captured": OperationKind.CAPTURE,
    "capture.succeeded": OperationKind.CAPTURE,
    "capture.declined": OperationKind.CAPTURE,
    "void.succeeded": OperationKind.VOID,
    "void.declined": OperationKind.VOID,
    "refund.succeeded": OperationKind.REFUND,
    "refund.declined": OperationKind.REFUND,
    "refund.failed": OperationKind.REFUND,
}


class _Event(Struct, frozen=True):
    id: Name
    type: Annotated[str, Meta(min_length=1, max_length=255)]
    data: Raw


class _Data(Struct, frozen=True):
    id: Name
    charge: Name
    operation_key: str
    amount: Count | None = None
    currency: Currency | None = None
    code: str | None = None
    message: str = ""
    closes: bool | None = None
    action: Action | None = None


class SimulatorNotifications:
    """Implements application.provider.webhook.Notifications. Without a secret every delivery is refused."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        signature.verify(self._secret, headers, body, now)

    def read(self, body: bytes) -> Notification | DisputeNotification | Unhandled:
        return read_event(body)


def read_event(body: bytes) -> Notification | DisputeNotification | Unhandled:
    """The notification of an event from a webhook or from the list of events. Raises NotificationUnreadable."""
    try:
        event = decode(body, _Event)
        if event.type in disputes.TYPES:
            return disputes.read_dispute(event.id, event.type, event.data)
        about = ABOUT.get(event.type)
        if about is None:
            return Unhandled(event_id=event.id, kind=readable(event.type))
        data = msgspec.json.decode(event.data, type=_Data)
        amount = stated_amount(MINOR_UNITS, data.amount, data.currency)
    except UNDECODABLE as error:
        raise NotificationUnreadable(readable(str(error))) from error
    return Notification(
        event_id=event.id,
        about=about,
        outcome=_outcome(event.type, data),
        operation_id=our_operation(data.operation_key),
        reference=data.charge,
        own_reference=None if about is OperationKind.AUTHORIZE else data.id,
        amount=amount,
        closes=data.closes,
    )


def _outcome(kind: str, data: _Data) -> Outcome:
    if kind == "refund.failed":
        return Declined("refund_declined", readable(data.message))
    if kind.endswith(".declined"):
        return declined(data.code or "", data.message)
    if kind == "charge.requires_action":
        if data.action is None:
            raise NotificationUnreadable("an action is required that the notification does not name")
        return ActionRequired(data.charge, next_action(data.action))
    return Approved(data.id)
