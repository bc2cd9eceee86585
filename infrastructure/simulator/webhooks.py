"""A notice in this provider's own dialect is signed together with the time of sending."""

import hashlib
import hmac
import time
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from infrastructure.simulator import dispute_words
from infrastructure.simulator.actions import Action
from infrastructure.simulator.charges import Decision
from infrastructure.simulator.notice import Notice, Worded
from infrastructure.simulator.tokens import REFUND_FAILED, Operation

SIGNATURE_HEADER: Final = "Simulator-Signature"


class _Data(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of an event; `id` is the id of the movement, or of the charge for an event about a charge.

    `closes` states for a capture that nothing stays reserved afterwards.
    """

    id: str
    charge: str
    reference: str
    operation_key: str
    amount: int
    currency: str
    code: str | None = None
    message: str | None = None
    closes: bool | None = None
    action: Action | None = None


class Event(Struct, frozen=True):
    """An event, as webhooks and the list of events contain it."""

    id: str
    type: str
    created: datetime
    data: _Data | dict[str, Any]


def worded(notice: Notice, secret: str) -> Worded:
    """The delivery of `notice`, signed now with `secret`."""
    return _signed(event(notice), secret)


def event(notice: Notice) -> Event:
    """The event that `notice` describes."""
    if notice.dispute is not None:
        kind, said = dispute_words.event(notice.dispute, notice.charge)
        return Event(notice.id, kind, notice.at, said)
    charge = notice.charge
    waits = notice.operation is Operation.CHARGE and charge.decision is Decision.REQUIRES_ACTION
    data = _Data(
        id=notice.action_id,
        charge=charge.id,
        reference=charge.reference,
        operation_key=notice.key,
        amount=notice.amount,
        currency=charge.currency,
        code=None if notice.refusal is None else notice.refusal.code,
        message=None if notice.refusal is None else notice.refusal.message,
        closes=charge.reserved == 0 if notice.operation is Operation.CAPTURE and notice.refusal is None else None,
        action=charge.action if waits else None,
    )
    return Event(notice.id, _type(notice), notice.at, data)


def _signed(event: Event, secret: str) -> Worded:
    body = msgspec.json.encode(event)
    sent = int(time.time())
    signature = hmac.new(secret.encode(), b"%d.%b" % (sent, body), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: f"t={sent},v1={signature}"}
    return Worded(headers, body)


def _type(notice: Notice) -> str:
    """The type of the event.

    `charge.captured` is an immediate capture in a charge; `capture.succeeded` is a requested capture. `refund.failed`
    is the failure of a refund that had succeeded.
    """
    if notice.operation is Operation.CHARGE:
        if notice.refusal is not None:
            return "charge.declined"
        waits = notice.charge.decision is Decision.REQUIRES_ACTION
        return "charge.requires_action" if waits else "charge.authorized"
    if notice.operation is Operation.CAPTURE and notice.action_id == notice.charge.id:
        return "charge.captured"
    if notice.refusal == REFUND_FAILED:
        return "refund.failed"
    return f"{notice.operation.value}.{'succeeded' if notice.refusal is None else 'declined'}"
