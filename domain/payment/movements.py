"""The movements of a payment at its provider, settled or not, are read off the payment's events."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.dispute_events import DisputeLost, DisputeReversed
from domain.payment.events import PaymentCaptured, PaymentEvent, PaymentRefunded, RefundReversed
from domain.payment.proceeds import Proceeds
from domain.payment.settlement_events import MovementKind, MovementSettled

MovementKey = tuple[MovementKind, str]
"""Its kind and our id for it: that of its operation, or of its dispute."""


class Movement(Struct, frozen=True, kw_only=True):
    """`gross` is what it counts for us, negative where money went back; `proceeds` what a capture came to for the
    merchant; `settled` is None until the provider has settled it."""

    kind: MovementKind
    movement_id: str
    provider: ProviderName
    gross: Money
    proceeds: Proceeds | None = None
    settled: MovementSettled | None = None


def movements_of(events: Iterable[PaymentEvent]) -> Mapping[MovementKey, Movement]:
    """The movements of one payment, oldest first."""
    movements: dict[MovementKey, Movement] = {}
    for event in events:
        match event:
            case PaymentCaptured(capture_id=capture_id):
                movement = _moved(MovementKind.CAPTURE, str(capture_id), event.provider, event.amount)
                movement = replace(movement, proceeds=event.proceeds)
            case PaymentRefunded(refund_id=refund_id):
                movement = _moved(MovementKind.REFUND, str(refund_id), event.provider, -event.amount)
            case RefundReversed(refund_id=refund_id):
                movement = _moved(MovementKind.REFUND_REVERSAL, str(refund_id), event.provider, event.amount)
            case DisputeLost(dispute_id=dispute_id):
                movement = _moved(MovementKind.CHARGEBACK, dispute_id, event.provider, -event.disputed)
            case DisputeReversed(dispute_id=dispute_id):
                movement = _moved(MovementKind.REVERSAL, dispute_id, event.provider, event.disputed)
            case MovementSettled(movement=kind, movement_id=movement_id):
                movement = replace(movements[kind, movement_id], settled=event)
            case _:
                continue
        movements[movement.kind, movement.movement_id] = movement
    return movements


def _moved(kind: MovementKind, movement_id: str, provider: ProviderName, gross: Money) -> Movement:
    return Movement(kind=kind, movement_id=movement_id, provider=provider, gross=gross)
