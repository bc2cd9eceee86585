"""A dispute of Stripe is translated into a dispute notification."""

# Source: docs.stripe.com/api/disputes/object and docs.stripe.com/disputes. The status alone gives the phase of a
# dispute, whichever event brings the status. A status `warning_…` is an inquiry, which has moved no money.

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from application.provider.webhook import DisputeNotification, DisputePhase, NotificationUnreadable, Unhandled
from domain.dispute.events import DisputeReason
from domain.identifiers import DisputeId
from domain.money.currencies import UnknownCurrency
from infrastructure.provider.card_networks import card_brand
from infrastructure.provider.minor_units import NotRepresentable
from infrastructure.provider.stripe.amounts import UNITS
from infrastructure.provider.stripe.objects import StripeId
from infrastructure.provider.text import readable

CREATED: Final = "charge.dispute.created"
TYPES: Final = frozenset(
    {CREATED, "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"}
)
"""The event types in use.

`funds_withdrawn` adds nothing to these; `funds_reinstated` states the amount that came back.
"""
PHASES: Final = {
    "warning_needs_response": DisputePhase.INQUIRY,
    "warning_under_review": DisputePhase.UNDER_REVIEW,
    "warning_closed": DisputePhase.WON,
    "needs_response": DisputePhase.CHARGEBACK,
    "under_review": DisputePhase.UNDER_REVIEW,
    "won": DisputePhase.WON,
    "lost": DisputePhase.LOST,
}
REASONS: Final = {
    "fraudulent": DisputeReason.FRAUDULENT,
    "unrecognized": DisputeReason.FRAUDULENT,
    "debit_not_authorized": DisputeReason.FRAUDULENT,
    "product_not_received": DisputeReason.NOT_RECEIVED,
    "product_unacceptable": DisputeReason.NOT_AS_DESCRIBED,
    "duplicate": DisputeReason.DUPLICATE,
    "credit_not_processed": DisputeReason.CREDIT_NOT_PROCESSED,
    "subscription_canceled": DisputeReason.SUBSCRIPTION_CANCELED,
}


class _EvidenceDetails(Struct, frozen=True):
    due_by: Annotated[int, Meta(ge=0, le=2**38)] | None = None


class _Card(Struct, frozen=True):
    brand: str | None = None


class _MethodDetails(Struct, frozen=True):
    card: _Card | None = None


class _BalanceTransaction(Struct, frozen=True):
    """A movement on the account: below zero a withdrawal, above zero a reinstatement."""

    amount: int
    currency: str


class Dispute(Struct, frozen=True):
    id: StripeId
    status: str
    reason: str
    amount: Annotated[int, Meta(ge=1, le=2**53)]
    currency: Annotated[str, Meta(pattern="^[a-z]{3}$")]
    payment_intent: StripeId | None = None
    evidence_details: _EvidenceDetails | None = None
    payment_method_details: _MethodDetails | None = None
    balance_transactions: tuple[_BalanceTransaction, ...] = ()


def notification_of(event_id: str, kind: str, dispute: Dispute) -> DisputeNotification | Unhandled:
    """The notification of a dispute event; Unhandled for an unknown status.

    Raises NotificationUnreadable for an amount in units that we do not know.
    """
    phase = PHASES.get(dispute.status)
    if phase is None:
        return Unhandled(event_id=event_id, kind=readable(f"{kind}: {dispute.status}"))
    stays_lost = _lost_of_what_was_taken(dispute) if phase in (DisputePhase.WON, DisputePhase.LOST) else None
    try:
        amount = UNITS.received(dispute.amount, dispute.currency.upper())
        lost = None if stays_lost is None else UNITS.received(stays_lost, dispute.currency.upper())
    except (NotRepresentable, UnknownCurrency) as error:
        raise NotificationUnreadable(readable(str(error))) from error
    due_by = None if dispute.evidence_details is None else dispute.evidence_details.due_by
    card = None if dispute.payment_method_details is None else dispute.payment_method_details.card
    return DisputeNotification(
        event_id=event_id,
        phase=phase if lost is None else DisputePhase.PARTIALLY_WON,
        dispute_id=DisputeId(dispute.id),
        amount=amount,
        reason=REASONS.get(dispute.reason, DisputeReason.OTHER),
        provider_reason=readable(dispute.reason),
        network=card_brand(None if card is None else card.brand),
        due=None if not due_by else datetime.fromtimestamp(due_by, UTC),
        operation_id=None,
        reference=dispute.payment_intent,
        amends=kind != CREATED,
        lost=lost,
    )


def _lost_of_what_was_taken(dispute: Dispute) -> int | None:
    """The amount that the customer keeps where only a part of the withdrawn amount was reinstated.

    None where everything or nothing was reinstated, and where the account's currency differs from the dispute's.
    """
    moved = [each.amount for each in dispute.balance_transactions if each.currency == dispute.currency]
    withdrawn, reinstated = -sum(min(each, 0) for each in moved), sum(max(each, 0) for each in moved)
    return withdrawn - reinstated if withdrawn == dispute.amount and 0 < reinstated < withdrawn else None
