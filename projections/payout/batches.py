"""The read model of payout batches: one row a batch, with the bank's answer to its file."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.event import name_of
from domain.history import Positioned
from domain.payout_batch.events import (
    PayoutBatchCreated,
    PayoutBatchEvent,
    PayoutBatchRefused,
    PayoutBatchSubmitted,
)
from domain.payout_batch.state import BatchStatus
from projections.engine.view import Key, View


class PayoutBatchRow(Struct, frozen=True, kw_only=True):
    """`reference` is the bank's reference of the file; `reason` is the bank's reason for refusing the file."""

    batch_id: UUID
    message_id: str
    status: BatchStatus
    currency: str
    total_minor: int
    payouts: int
    execution_date: date
    file_sha256: str
    reference: str | None
    reason: str | None
    created_at: datetime
    updated_at: datetime
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if not isinstance(positioned.event.data, PayoutBatchEvent):
        return ()
    return ((positioned.event.originator_id,),)


def apply(row: PayoutBatchRow | None, key: Key, positioned: Positioned) -> PayoutBatchRow:
    event, position = positioned.event, positioned.position
    data = event.data
    if isinstance(data, PayoutBatchCreated):
        return PayoutBatchRow(
            batch_id=event.originator_id,
            message_id=data.message_id,
            status=BatchStatus.CREATED,
            currency=data.currency,
            total_minor=data.total.minor,
            payouts=len(data.payouts),
            execution_date=data.execution_date,
            file_sha256=data.file_sha256,
            reference=None,
            reason=None,
            created_at=event.recorded_at,
            updated_at=event.recorded_at,
            position=position,
        )
    assert row is not None, "a batch begins with being created"
    row = replace(row, updated_at=event.recorded_at, position=position)
    match data:
        case PayoutBatchSubmitted(reference=reference):
            return replace(row, status=BatchStatus.SUBMITTED, reference=reference)
        case PayoutBatchRefused(reason=reason):
            return replace(row, status=BatchStatus.REFUSED, reason=reason)
        case _:
            raise AssertionError(f"{name_of(data)} happens to no batch")


PAYOUT_BATCHES = View(
    name="payout_batches",
    table="payout_batches",
    row=PayoutBatchRow,
    types=(
        *("uuid", "text", "text", "text", "numeric", "bigint", "date", "text"),
        *("text", "text", "timestamptz", "timestamptz", "bigint"),
    ),
    key=("batch_id",),
    takes=PayoutBatchEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE payout_batches (
            batch_id uuid PRIMARY KEY,
            message_id text NOT NULL,
            status text NOT NULL,
            currency text NOT NULL,
            total_minor numeric NOT NULL,
            payouts bigint NOT NULL,
            execution_date date NOT NULL,
            file_sha256 text NOT NULL,
            reference text,
            reason text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            position bigint NOT NULL
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX payout_batches_by_time ON payout_batches (created_at, batch_id);
        CREATE INDEX payout_batches_unanswered ON payout_batches (created_at, batch_id) WHERE status = 'created';
    """,
)

_LATEST = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.batch_id DESC), '[]')::text FROM (
    SELECT * FROM views.payout_batches ORDER BY created_at DESC, batch_id DESC LIMIT %s
) AS t
"""
_UNANSWERED = (
    "SELECT batch_id FROM views.payout_batches WHERE status = 'created' ORDER BY created_at, batch_id LIMIT 100"
)


async def latest(connection: psycopg.AsyncConnection[Any], *, rows_max: int) -> Sequence[PayoutBatchRow]:
    """The latest batches, newest first."""
    [(rows,)] = await (await connection.execute(_LATEST, (rows_max,))).fetchall()
    return msgspec.json.decode(rows, type=list[PayoutBatchRow])


async def unanswered(connection: psycopg.AsyncConnection[Any]) -> Sequence[UUID]:
    """The ids of batches whose file the bank has not answered, oldest first, a hundred at most."""
    return [batch_id for (batch_id,) in await (await connection.execute(_UNANSWERED)).fetchall()]
