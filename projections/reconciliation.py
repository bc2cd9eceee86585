"""The read model of what each provider still has to settle with us: one row a captured, refunded or lost amount."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from domain.history import Positioned
from domain.payment.events import DisputeLost, PaymentCaptured, PaymentRefunded
from projections.view import Key, View


class Movement(StrEnum):
    CAPTURE = "capture"
    REFUND = "refund"
    CHARGEBACK = "chargeback"


class ReconciliationRow(Struct, frozen=True, kw_only=True):
    """An amount that moved at a provider and is in no settlement yet. `reference` is the provider's name for it."""

    movement_id: str
    movement: Movement
    payment_id: UUID
    merchant_id: str
    provider: str
    reference: str
    currency: str
    amount_minor: int
    moved_at: datetime
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case PaymentCaptured(capture_id=operation_id) | PaymentRefunded(refund_id=operation_id):
            return ((str(operation_id),),)
        case DisputeLost(provider=provider, dispute_id=dispute_id):
            # A provider names its own disputes: another one may use the same name.
            return ((f"{provider}:{dispute_id}",),)
        case _:
            return ()


def apply(row: ReconciliationRow | None, key: Key, positioned: Positioned) -> ReconciliationRow:
    event = positioned.event
    movement, reference = _movement(event.data)
    data = event.data
    assert isinstance(data, PaymentCaptured | PaymentRefunded | DisputeLost)
    return ReconciliationRow(
        movement_id=str(key[0]),
        movement=movement,
        payment_id=event.originator_id,
        merchant_id=event.merchant_id,
        provider=data.provider,
        reference=reference,
        currency=data.amount.currency,
        amount_minor=data.amount.minor,
        moved_at=event.recorded_at,
        position=positioned.position,
    )


def _movement(data: object) -> tuple[Movement, str]:
    match data:
        case PaymentCaptured(reference=reference):
            return Movement.CAPTURE, reference
        case PaymentRefunded(reference=reference):
            return Movement.REFUND, reference
        case DisputeLost(dispute_id=dispute_id):
            return Movement.CHARGEBACK, dispute_id
        case _:
            raise AssertionError(f"{data!r} moves no money at a provider")


RECONCILIATION = View(
    name="reconciliation",
    table="reconciliation",
    row=ReconciliationRow,
    types=("text", "text", "uuid", "text", "text", "text", "text", "bigint", "timestamptz", "bigint"),
    key=("movement_id",),
    final=True,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE reconciliation (
            movement_id text PRIMARY KEY,
            movement text NOT NULL,
            payment_id uuid NOT NULL,
            merchant_id text NOT NULL,
            provider text NOT NULL,
            reference text NOT NULL,
            currency text NOT NULL,
            amount_minor bigint NOT NULL,
            moved_at timestamptz NOT NULL,
            position bigint NOT NULL
        );
    """,
)
