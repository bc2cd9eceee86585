"""An APS notification holds the parameters of an operation's answer, as JSON or form, signed within the body."""

# A notification has neither an id nor a time. A replayed notification is recognised only by its `event_id`, which is
# computed from the content: order, command, response code, amount, and our own name for the operation.

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from application.provider.webhook import Notification, NotificationUnreadable, SignatureInvalid, Unhandled
from domain.payment.events import OperationKind
from domain.payment.outcome import Approved, Outcome, Unknown
from infrastructure.provider.aps.answer import Answer
from infrastructure.provider.aps.codes import SUCCESS, Status
from infrastructure.provider.aps.parameters import Unreadable, parameters
from infrastructure.provider.aps.signature import is_signed
from infrastructure.provider.aps.translate import reference, refused
from infrastructure.provider.minor_units import AmountUnreadable
from infrastructure.provider.reading import our_operation
from infrastructure.provider.text import readable

CODE_DIGITS: Final = 5


class _Meaning(Struct, frozen=True):
    """The kind of operation that a status is about; `named` is the parameter with our name for the operation."""

    about: OperationKind
    named: str
    succeeded: bool = False


MEANINGS: Final[Mapping[str, _Meaning]] = {
    Status.AUTHORIZED: _Meaning(OperationKind.AUTHORIZE, "merchant_reference", succeeded=True),
    Status.AUTHORIZATION_FAILED: _Meaning(OperationKind.AUTHORIZE, "merchant_reference"),
    Status.PURCHASED: _Meaning(OperationKind.CAPTURE, "merchant_reference", succeeded=True),
    Status.PURCHASE_FAILED: _Meaning(OperationKind.AUTHORIZE, "merchant_reference"),
    Status.CAPTURED: _Meaning(OperationKind.CAPTURE, "order_description", succeeded=True),
    Status.CAPTURE_FAILED: _Meaning(OperationKind.CAPTURE, "order_description"),
    Status.VOIDED: _Meaning(OperationKind.VOID, "order_description", succeeded=True),
    Status.VOID_FAILED: _Meaning(OperationKind.VOID, "order_description"),
    Status.REFUNDED: _Meaning(OperationKind.REFUND, "maintenance_reference", succeeded=True),
    Status.REFUND_FAILED: _Meaning(OperationKind.REFUND, "maintenance_reference"),
}
"""A successful purchase took the money and is about the capture; a failed purchase is about the attempt."""

_UNIQUE: Final = "maintenance_reference"
"""APS accepts one refund only under this reference; any number of captures may share a description."""


class ApsNotifications:
    """Implements application.provider.webhook.Notifications; the SHA response phrase signs a notification."""

    def __init__(self, response_phrase: str) -> None:
        self._response_phrase = response_phrase

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        try:
            signed = is_signed(parameters(body), self._response_phrase)
        except Unreadable as error:
            raise SignatureInvalid(str(error)) from error
        if not signed:
            raise SignatureInvalid("the signature in the body is not APS's")

    def read(self, body: bytes) -> Notification | Unhandled:
        try:
            said = Answer(parameters(body))
            amount = said.amount
        except (Unreadable, AmountUnreadable) as error:
            raise NotificationUnreadable(str(error)) from error
        if said.fort_id is None or len(said.code) != CODE_DIGITS:
            raise NotificationUnreadable("no order, or no response code")
        meaning = MEANINGS.get(said.status)
        unhandled = Unhandled(event_id=_event_id(said), kind=readable(f"{said.text('command')} {said.code}"))
        if meaning is None:
            return unhandled
        name = said.text(meaning.named)
        # A refusal may answer a repeat of an operation that succeeded before: the name then does not stand for the
        # refusal.
        own_reference: str | None = None
        if meaning.succeeded and said.message == SUCCESS:
            outcome: Outcome = Approved(reference(said.fort_id, readable(name)))
            if name and meaning.named == _UNIQUE:
                own_reference = reference(said.fort_id, readable(name))
        else:
            outcome = refused(said.code, said.text("response_message"))
        if isinstance(outcome, Unknown):
            return unhandled
        return Notification(
            event_id=unhandled.event_id,
            about=meaning.about,
            outcome=outcome,
            operation_id=our_operation(name),
            reference=reference(said.fort_id, readable(said.text("merchant_reference"))),
            own_reference=own_reference,
            amount=amount,
        )


def _event_id(said: Answer) -> str:
    """The id of the notification's content, equal however often the same notification arrives.

    Two captures of one amount differ by our names for them.
    """
    names = ("fort_id", "command", "status", "response_code", "amount", "order_description", "maintenance_reference")
    return hashlib.sha256("\n".join(map(said.text, names)).encode("utf-8", "surrogatepass")).hexdigest()
