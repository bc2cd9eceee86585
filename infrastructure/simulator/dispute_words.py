"""A dispute is announced in the format of each dialect."""

from datetime import UTC, datetime
from typing import Any, Final

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.checkout import amounts, telling
from infrastructure.simulator.disputed import DisputeTold, Kind, Told, network_of

CHECKOUT_TYPES: Final = {
    Told.OPENED: "dispute_evidence_required",
    Told.ESCALATED: "dispute_evidence_required",
    Told.AMENDED: "dispute_evidence_required",
    Told.UNDER_REVIEW: "dispute_evidence_submitted",
    Told.PARTIALLY_WON: "dispute_lost",
    Told.WON: "dispute_won",
    Told.LOST: "dispute_lost",
}
"""The Checkout.com event type of each announcement.

Checkout.com has no type for a changed claim or a partial ruling: only the amount in the event differs.
"""
CHECKOUT_INQUIRY: Final = "dispute_inquiry"
"""An event type for inquiries that clients of Checkout.com do not know, because Checkout.com has no inquiries."""


def event(told: DisputeTold, charge: Charge) -> tuple[str, dict[str, Any]]:
    """The event type and the data in this provider's own dialect."""
    dispute = told.dispute
    return f"dispute.{told.told}", {
        "id": dispute.id,
        "charge": charge.id,
        "reference": charge.reference,
        "operation_key": charge.key,
        "kind": dispute.kind,
        "amount": dispute.amount,
        "currency": charge.currency,
        "reason": dispute.reason,
        "network": network_of(charge.token),
        "respond_by": _at(dispute.respond_by),
        **({} if told.lost is None else {"lost": told.lost}),
    }


def checkout_event(told: DisputeTold, charge: Charge) -> tuple[str, dict[str, Any]]:
    """The event type and the data in Checkout.com's format."""
    dispute = told.dispute
    data = {
        "id": "dsp_" + dispute.id.rpartition("_")[2],
        "category": dispute.reason,
        "amount": amounts.told(dispute.amount if told.lost is None else told.lost, charge.currency),
        "currency": charge.currency,
        "reason_code": "10.4",
        "payment_id": telling.payment_id(charge.id),
        "payment_reference": charge.reference,
        "payment_method": network_of(charge.token).upper(),
        "evidence_required_by": _at(dispute.respond_by),
    }
    return CHECKOUT_INQUIRY if dispute.kind is Kind.INQUIRY else CHECKOUT_TYPES[told.told], data


def _at(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat()
