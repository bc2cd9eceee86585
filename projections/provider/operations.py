"""The read model that finds a payment by our operation id or the provider's reference: one row an operation."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.payment.events import (
    CaptureStarted,
    OperationAdopted,
    OperationKind,
    PaymentActionRequired,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    RefundStarted,
    VoidStarted,
)
from projections.engine.view import Key, View


class ProviderOperationRow(Struct, frozen=True, kw_only=True):
    """`provider` is None for a capture, void or refund until an event of its success names the provider. `reference` is
    the provider's reference of the operation, None until known."""

    operation_id: UUID
    payment_id: UUID
    kind: OperationKind
    provider: str | None = None
    reference: str | None = None


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case (
            PaymentAttemptStarted(attempt_id=operation_id)
            | PaymentActionRequired(attempt_id=operation_id)
            | PaymentAuthorized(attempt_id=operation_id)
            | OperationAdopted(operation_id=operation_id)
            | CaptureStarted(capture_id=operation_id)
            | PaymentCaptured(capture_id=operation_id)
            | VoidStarted(void_id=operation_id)
            | RefundStarted(refund_id=operation_id)
            | PaymentRefunded(refund_id=operation_id)
        ):
            return ((operation_id,),)
        case _:
            return ()


def apply(row: ProviderOperationRow | None, key: Key, positioned: Positioned) -> ProviderOperationRow:
    data = positioned.event.data
    if row is None:
        operation_id, payment_id = key[0], positioned.event.originator_id
        assert isinstance(operation_id, UUID)
        match data:
            case OperationAdopted():
                kind = data.operation
            case CaptureStarted():
                kind = OperationKind.CAPTURE
            case VoidStarted():
                kind = OperationKind.VOID
            case RefundStarted():
                kind = OperationKind.REFUND
            case _:
                kind = OperationKind.AUTHORIZE
        row = ProviderOperationRow(operation_id=operation_id, payment_id=payment_id, kind=kind)
    match data:
        case PaymentAttemptStarted(provider=provider):
            return replace(row, provider=provider)
        case PaymentActionRequired(reference=reference):
            return replace(row, reference=reference)
        case OperationAdopted() | PaymentAuthorized() | PaymentCaptured() | PaymentRefunded():
            return replace(row, provider=data.provider, reference=data.reference)
        case _:
            return row


PROVIDER_OPERATIONS = View(
    name="provider_operations",
    table="provider_operations",
    row=ProviderOperationRow,
    types=("uuid", "uuid", "text", "text", "text"),
    key=("operation_id",),
    takes=(
        PaymentAttemptStarted
        | PaymentActionRequired
        | PaymentAuthorized
        | OperationAdopted
        | CaptureStarted
        | PaymentCaptured
        | VoidStarted
        | RefundStarted
        | PaymentRefunded
    ),
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE provider_operations (
            operation_id uuid PRIMARY KEY,
            payment_id uuid NOT NULL,
            kind text NOT NULL,
            provider text,
            reference text
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX provider_operations_by_reference ON provider_operations (provider, reference)
            WHERE reference IS NOT NULL;
    """,
)

_OF_OPERATIONS = "SELECT operation_id, payment_id FROM views.provider_operations WHERE operation_id = ANY(%s)"
_OF_REFERENCES = """
SELECT o.provider, o.reference, o.payment_id
FROM unnest(%s::text[], %s::text[]) AS t (provider, reference)
JOIN views.provider_operations AS o ON o.provider = t.provider AND o.reference = t.reference
"""


async def payments_of_operations(
    connection: psycopg.AsyncConnection[Any], operation_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """The payments by operation id, of the operations that the view has."""
    cursor = await connection.execute(_OF_OPERATIONS, (list(operation_ids),))
    return dict(await cursor.fetchall())


async def payments_of_references(
    connection: psycopg.AsyncConnection[Any], references: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """The payments by provider and reference, of the references that the view has."""
    cursor = await connection.execute(
        _OF_REFERENCES, ([provider for provider, _ in references], [reference for _, reference in references])
    )
    return {(provider, reference): payment_id for provider, reference, payment_id in await cursor.fetchall()}
