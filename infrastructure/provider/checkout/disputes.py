"""A dispute event of Checkout.com is translated into a dispute notification."""

# Source: Checkout.com's documentation, "Event types" and "Disputes API". Checkout.com has no inquiries: the first event
# of a dispute already debits the disputed amount. `dispute_resolved` is a dispute that Checkout.com resolved because
# the payment had been refunded; `dispute_canceled` is a dispute that the issuer withdrew. Both are over, and the
# merchant keeps the money.

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.webhook import DisputeNotification, DisputePhase, NotificationUnreadable
from domain.dispute.events import DisputeReason
from domain.identifiers import DisputeId
from domain.money.currencies import UnknownCurrency
from domain.money.money import Money
from infrastructure.provider.card_networks import card_brand
from infrastructure.provider.checkout.amounts import received
from infrastructure.provider.checkout.wire import Id
from infrastructure.provider.minor_units import NotRepresentable
from infrastructure.provider.text import readable

PHASES: Final = {
    "dispute_received": DisputePhase.CHARGEBACK,
    "dispute_evidence_required": DisputePhase.CHARGEBACK,
    "dispute_evidence_submitted": DisputePhase.UNDER_REVIEW,
    "dispute_arbitration_evidence_submitted": DisputePhase.UNDER_REVIEW,
    "dispute_arbitration_sent_to_scheme": DisputePhase.UNDER_REVIEW,
    "dispute_accepted": DisputePhase.ACCEPTED,
    "dispute_expired": DisputePhase.EXPIRED,
    "dispute_won": DisputePhase.WON,
    "dispute_canceled": DisputePhase.WON,
    "dispute_resolved": DisputePhase.WON,
    "dispute_arbitration_won": DisputePhase.WON,
    "dispute_lost": DisputePhase.LOST,
    "dispute_arbitration_lost": DisputePhase.LOST,
}
REASONS: Final = {
    "fraudulent": DisputeReason.FRAUDULENT,
    "unrecognized": DisputeReason.FRAUDULENT,
    "product_service_not_received": DisputeReason.NOT_RECEIVED,
    "product_not_received": DisputeReason.NOT_RECEIVED,
    "not_as_described": DisputeReason.NOT_AS_DESCRIBED,
    "product_unacceptable": DisputeReason.NOT_AS_DESCRIBED,
    "duplicate": DisputeReason.DUPLICATE,
    "credit_not_issued": DisputeReason.CREDIT_NOT_PROCESSED,
    "credit_not_processed": DisputeReason.CREDIT_NOT_PROCESSED,
    "canceled_recurring": DisputeReason.SUBSCRIPTION_CANCELED,
    "incorrect_amount": DisputeReason.INCORRECT_AMOUNT,
}


class _Data(Struct, frozen=True):
    id: Id
    payment_id: Id
    category: str = ""
    reason_code: str = ""
    amount: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    payment_method: str | None = None
    evidence_required_by: Annotated[datetime, Meta(tz=True)] | None = None


def read_dispute(event_id: str, kind: str, data: Raw) -> DisputeNotification:
    """The notification of an event whose type is in PHASES.

    Raises NotificationUnreadable, and the errors of msgspec.
    """
    said = msgspec.json.decode(data, type=_Data)
    return DisputeNotification(
        event_id=event_id,
        phase=PHASES[kind],
        dispute_id=DisputeId(said.id),
        amount=_amount(said),
        reason=REASONS.get(said.category, DisputeReason.OTHER),
        provider_reason=readable(" ".join(filter(None, (said.category, said.reason_code)))),
        network=card_brand(said.payment_method),
        due=said.evidence_required_by,
        operation_id=None,
        reference=said.payment_id,
    )


def _amount(said: _Data) -> Money | None:
    """The disputed amount.

    None for events of the previous platform that lack the amount: only its first events state the amount.
    """
    if said.amount is None or said.currency is None:
        return None
    try:
        return received(said.amount, said.currency)
    except (NotRepresentable, UnknownCurrency) as error:
        raise NotificationUnreadable(readable(str(error))) from error
