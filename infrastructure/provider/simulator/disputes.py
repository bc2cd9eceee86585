"""A dispute notice of the simulator is translated into a dispute notification."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from application.provider.webhook import DisputeNotification, DisputePhase, NotificationUnreadable
from domain.dispute.events import DisputeReason
from domain.identifiers import DisputeId
from domain.money.money import Money
from infrastructure.provider.card_networks import card_brand
from infrastructure.provider.reading import our_operation
from infrastructure.provider.simulator.translate import Name
from infrastructure.provider.text import readable

OPENING: Final = frozenset({"dispute.opened", "dispute.escalated"})
AMENDED: Final = "dispute.amended"
PHASES: Final = {
    AMENDED: DisputePhase.CHARGEBACK,
    "dispute.under_review": DisputePhase.UNDER_REVIEW,
    "dispute.won": DisputePhase.WON,
    "dispute.partially_won": DisputePhase.PARTIALLY_WON,
    "dispute.lost": DisputePhase.LOST,
}
TYPES: Final = OPENING | PHASES.keys()


class _Data(Struct, frozen=True):
    id: Name
    charge: Name
    operation_key: str
    kind: str
    amount: Annotated[int, Meta(ge=1, le=2**53)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    reason: str
    respond_by: Annotated[datetime, Meta(tz=True)]
    network: str | None = None
    lost: Annotated[int, Meta(ge=1, le=2**53)] | None = None


def read_dispute(event_id: str, kind: str, data: Raw) -> DisputeNotification:
    """The notification of an event whose type is in TYPES.

    Raises NotificationUnreadable, and the errors of msgspec.
    """
    said = msgspec.json.decode(data, type=_Data)
    return DisputeNotification(
        event_id=event_id,
        phase=_phase(kind, said.kind),
        dispute_id=DisputeId(said.id),
        amount=Money(said.amount, said.currency),
        reason=_reason(said.reason),
        provider_reason=readable(said.reason),
        network=card_brand(said.network),
        due=said.respond_by,
        operation_id=our_operation(said.operation_key),
        reference=said.charge,
        amends=kind == AMENDED,
        lost=None if said.lost is None else Money(said.lost, said.currency),
    )


def _phase(kind: str, of_dispute: str) -> DisputePhase:
    if kind not in OPENING:
        return PHASES[kind]
    match of_dispute:
        case "inquiry":
            return DisputePhase.INQUIRY
        case "chargeback":
            return DisputePhase.CHARGEBACK
        case other:
            raise NotificationUnreadable(f"a dispute of the kind {readable(other)}")


def _reason(text: str) -> DisputeReason:
    try:
        return DisputeReason(text)
    except ValueError:
        return DisputeReason.OTHER
