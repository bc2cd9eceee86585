"""A webhook has the format and the signature of Checkout.com."""

# A notice contains the idempotency key of its request and the books' fields of its charge, nothing more. The metadata
# is therefore that of a client who names the operation by its idempotency key, and the reference is that of the books.

import hashlib
import hmac
from typing import Any, Final

import msgspec

from infrastructure.simulator import dispute_words
from infrastructure.simulator.charges import Decision
from infrastructure.simulator.checkout import amounts, refusals, telling
from infrastructure.simulator.disputed import DisputeTold
from infrastructure.simulator.notice import Notice, Worded
from infrastructure.simulator.tokens import Operation

APPROVED: Final = {
    Operation.CHARGE: "payment_approved",
    Operation.CAPTURE: "payment_captured",
    Operation.VOID: "payment_voided",
    Operation.REFUND: "payment_refunded",
}
PENDING: Final = "payment_pending"
DECLINED: Final = {
    Operation.CHARGE: "payment_declined",
    Operation.CAPTURE: "payment_capture_declined",
    Operation.VOID: "payment_void_declined",
    Operation.REFUND: "payment_refund_declined",
}


def worded(notice: Notice, secret: str) -> Worded:
    body = msgspec.json.encode(_event(notice) if notice.dispute is None else _of_dispute(notice, notice.dispute))
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Worded({"Content-Type": "application/json", "Cko-Signature": signature}, body)


def _event(notice: Notice) -> dict[str, Any]:
    kind, currency = _type(notice), notice.charge.currency
    told = refusals.UNDER_WAY if kind == PENDING else refusals.told(notice.refusal)
    return {
        "id": notice.id,
        "source": "gateway",
        "type": kind,
        "timestamp": notice.at,
        "version": "1.0.29",
        "data": {
            "id": telling.payment_id(notice.charge.id),
            "action_id": telling.action_id(notice.action_id),
            "reference": notice.charge.reference,
            "amount": amounts.told(notice.amount, currency),
            "currency": currency,
            "processed_on": notice.at,
            "response_code": told.response_code,
            "response_summary": told.response_summary,
            "metadata": {"payment_id": notice.charge.reference, "operation_id": notice.key},
        },
    }


def _of_dispute(notice: Notice, told: DisputeTold) -> dict[str, Any]:
    kind, data = dispute_words.checkout_event(told, notice.charge)
    return {
        "id": notice.id,
        "source": "dispute",
        "type": kind,
        "timestamp": notice.at,
        "version": "1.0.6",
        "data": data,
    }


def _type(notice: Notice) -> str:
    if notice.operation is Operation.CHARGE and notice.charge.decision is Decision.REQUIRES_ACTION:
        return PENDING
    return (DECLINED if notice.refusal else APPROVED)[notice.operation]
