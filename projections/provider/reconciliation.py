"""The read model of movements of money at providers: one row a movement, with the settlement that includes it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.event import Event, name_of
from domain.history import Positioned
from domain.money.money import Money
from domain.payment.dispute_events import DisputeLost, DisputeReversed
from domain.payment.events import PaymentCaptured, PaymentRefunded, RefundReversed
from domain.payment.settlement_events import MovementKind, MovementSettled
from projections.engine.view import Key, View

Movement = MovementKind
_REFUND_REVERSAL: Final = "refund_reversal:"


class ReconciliationRow(Struct, frozen=True, kw_only=True):
    """An amount that moved at a provider. `reference` is the provider's reference of the movement; `settlement_id` is
    None until a settlement includes the movement."""

    movement_id: str
    movement: MovementKind
    payment_id: UUID
    merchant_id: str
    provider: str
    reference: str
    currency: str
    amount_minor: int
    moved_at: datetime
    position: int
    settlement_id: str | None = None
    settled_at: datetime | None = None


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case PaymentCaptured(capture_id=operation_id):
            return ((movement_key(MovementKind.CAPTURE, "", str(operation_id)),),)
        case PaymentRefunded(refund_id=operation_id):
            return ((movement_key(MovementKind.REFUND, "", str(operation_id)),),)
        case RefundReversed(refund_id=operation_id):
            return ((movement_key(MovementKind.REFUND_REVERSAL, "", str(operation_id)),),)
        case DisputeLost(provider=provider, dispute_id=dispute_id):
            return ((movement_key(MovementKind.CHARGEBACK, provider, dispute_id),),)
        case DisputeReversed(provider=provider, dispute_id=dispute_id):
            return ((movement_key(MovementKind.REVERSAL, provider, dispute_id),),)
        case MovementSettled(provider=provider, movement=kind, movement_id=movement_id):
            return ((movement_key(kind, provider, movement_id),),)
        case _:
            return ()


def movement_key(kind: MovementKind, provider: str, movement_id: str) -> str:
    """The key of the movement's row, made from our operation's id, or from the provider's name and dispute id."""
    match kind:
        case MovementKind.CAPTURE | MovementKind.REFUND:
            return movement_id
        case MovementKind.REFUND_REVERSAL:
            return f"{_REFUND_REVERSAL}{movement_id}"
        case MovementKind.CHARGEBACK:
            # Each provider assigns ids to its own disputes: another provider may use the same id.
            return f"{provider}:{movement_id}"
        case MovementKind.REVERSAL:
            return f"reversal:{provider}:{movement_id}"


def apply(row: ReconciliationRow | None, key: Key, positioned: Positioned) -> ReconciliationRow:
    event = positioned.event
    data = event.data
    if isinstance(data, MovementSettled):
        assert row is not None, f"{name_of(data)} of what never moved"
        settled_at = event.recorded_at
        return replace(row, settlement_id=data.settlement_id, settled_at=settled_at, position=positioned.position)
    movement, reference, amount = _movement(data)
    assert isinstance(data, PaymentCaptured | PaymentRefunded | RefundReversed | DisputeLost | DisputeReversed)
    return ReconciliationRow(
        movement_id=str(key[0]),
        movement=movement,
        payment_id=event.originator_id,
        merchant_id=event.merchant_id,
        provider=data.provider,
        reference=reference,
        currency=amount.currency,
        amount_minor=amount.minor,
        moved_at=event.recorded_at,
        position=positioned.position,
    )


def _movement(data: Event) -> tuple[MovementKind, str, Money]:
    match data:
        case PaymentCaptured(reference=reference, amount=amount):
            return MovementKind.CAPTURE, reference, amount
        case PaymentRefunded(reference=reference, amount=amount):
            return MovementKind.REFUND, reference, amount
        case RefundReversed(reference=reference, amount=amount):
            return MovementKind.REFUND_REVERSAL, reference, amount
        case DisputeLost(dispute_id=dispute_id, disputed=disputed):
            return MovementKind.CHARGEBACK, dispute_id, disputed
        case DisputeReversed(dispute_id=dispute_id, disputed=disputed):
            return MovementKind.REVERSAL, dispute_id, disputed
        case _:
            raise AssertionError(f"{name_of(data)} moves no money at a provider")


RECONCILIATION = View(
    name="reconciliation",
    table="reconciliation",
    row=ReconciliationRow,
    types=(
        "text",
        "text",
        "uuid",
        "text",
        "text",
        "text",
        "text",
        "bigint",
        "timestamptz",
        "bigint",
        "text",
        "timestamptz",
    ),
    key=("movement_id",),
    takes=(PaymentCaptured | PaymentRefunded | RefundReversed | DisputeLost | DisputeReversed | MovementSettled),
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
            position bigint NOT NULL,
            settlement_id text,
            settled_at timestamptz
        ) WITH (fillfactor = 80);
    """,
    indexes="""
        CREATE INDEX reconciliation_by_reference ON reconciliation (provider, reference);
    """,
)

_BY_ID = "SELECT payment_id, movement_id FROM views.reconciliation WHERE movement_id = %s AND movement = %s"
_BY_REFERENCE = """
SELECT payment_id, movement_id FROM views.reconciliation
WHERE provider = %s AND reference = %s AND movement = %s LIMIT %s
"""


class PaymentOfMovement(NamedTuple):
    """`key` is the key of the movement's row."""

    payment_id: UUID
    key: str

    @property
    def operation_id(self) -> str:
        """The id of the operation that moved the money; for a chargeback or its reversal, the row's key."""
        return self.key.removeprefix(_REFUND_REVERSAL)


async def movement_by_id(
    connection: psycopg.AsyncConnection[Any], kind: MovementKind, movement_id: str
) -> PaymentOfMovement | None:
    row = await (await connection.execute(_BY_ID, (movement_key(kind, "", movement_id), kind.value))).fetchone()
    return None if row is None else PaymentOfMovement(*row)


async def movements_by_reference(
    connection: psycopg.AsyncConnection[Any], provider: str, kind: MovementKind, reference: str, *, movements_max: int
) -> Sequence[PaymentOfMovement]:
    cursor = await connection.execute(_BY_REFERENCE, (provider, reference, kind.value, movements_max))
    return [PaymentOfMovement(*row) for row in await cursor.fetchall()]
