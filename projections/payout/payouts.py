"""The read model of payouts: one row a payout, with its status and the reason for the status."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, assert_never
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.payout.events import (
    PayoutApproved,
    PayoutBatched,
    PayoutCanceled,
    PayoutCreated,
    PayoutEvent,
    PayoutFailed,
    PayoutHeld,
    PayoutPaid,
    PayoutReturned,
    PayoutSent,
    PayoutTrigger,
)
from domain.payout.status import PayoutStatus
from projections.engine.view import Key, View


class PayoutRow(Struct, frozen=True, kw_only=True):
    """`batch_id` and `execution_date` are None until the payout is in a file. `reason` is why the payout was held,
    canceled or returned, or failed; `code` is the bank's for a failed or returned one."""

    payout_id: UUID
    merchant_id: str
    status: PayoutStatus
    amount_minor: int
    currency: str
    bank_account_id: UUID
    trigger: PayoutTrigger
    description: str | None
    batch_id: UUID | None
    execution_date: date | None
    code: str | None
    reason: str | None
    created_at: datetime
    updated_at: datetime
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if not isinstance(positioned.event.data, PayoutEvent):
        return ()
    return ((positioned.event.originator_id,),)


def apply(row: PayoutRow | None, key: Key, positioned: Positioned) -> PayoutRow:
    event, position = positioned.event, positioned.position
    data = event.data
    if isinstance(data, PayoutCreated):
        return PayoutRow(
            payout_id=event.originator_id,
            merchant_id=data.merchant_id,
            status=PayoutStatus.PENDING,
            amount_minor=data.amount.minor,
            currency=data.amount.currency,
            bank_account_id=data.bank_account_id,
            trigger=data.trigger,
            description=data.description,
            batch_id=None,
            execution_date=None,
            code=None,
            reason=None,
            created_at=event.recorded_at,
            updated_at=event.recorded_at,
            position=position,
        )
    assert row is not None, "a payout begins with being created"
    assert isinstance(data, PayoutEvent)
    return _changed(replace(row, updated_at=event.recorded_at, position=position), data)


def _changed(row: PayoutRow, event: PayoutEvent) -> PayoutRow:
    match event:
        case PayoutCreated():
            return row
        case PayoutHeld(reason=reason):
            return replace(row, status=PayoutStatus.HELD, reason=reason)
        case PayoutApproved():
            return replace(row, status=PayoutStatus.PENDING, reason=None)
        case PayoutCanceled(reason=reason):
            return replace(row, status=PayoutStatus.CANCELED, reason=reason)
        case PayoutBatched(batch_id=batch_id, execution_date=day):
            return replace(row, status=PayoutStatus.IN_TRANSIT, batch_id=batch_id, execution_date=day)
        case PayoutSent():
            return row
        case PayoutPaid():
            return replace(row, status=PayoutStatus.PAID)
        case PayoutFailed(code=code, reason=reason):
            return replace(row, status=PayoutStatus.FAILED, code=code, reason=reason)
        case PayoutReturned(code=code, reason=reason):
            return replace(row, status=PayoutStatus.RETURNED, code=code, reason=reason)
        case _:
            assert_never(event)


PAYOUTS = View(
    name="payouts",
    table="payouts",
    row=PayoutRow,
    types=(
        *("uuid", "text", "text", "bigint", "text", "uuid", "text", "text"),
        *("uuid", "date", "text", "text", "timestamptz", "timestamptz", "bigint"),
    ),
    key=("payout_id",),
    takes=PayoutEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE payouts (
            payout_id uuid PRIMARY KEY,
            merchant_id text NOT NULL,
            status text NOT NULL,
            amount_minor bigint NOT NULL,
            currency text NOT NULL,
            bank_account_id uuid NOT NULL,
            trigger text NOT NULL,
            description text,
            batch_id uuid,
            execution_date date,
            code text,
            reason text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            position bigint NOT NULL
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX payouts_by_merchant ON payouts (merchant_id, created_at, payout_id);
        CREATE INDEX payouts_by_status ON payouts (status, created_at, payout_id);
        CREATE INDEX payouts_by_time ON payouts (created_at, payout_id);
    """,
)

# `before` counts only as a payout of the merchant; a filter by status may skip some rows.
_OF_MERCHANT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.payout_id DESC), '[]')::text FROM (
    SELECT * FROM views.payouts
    WHERE merchant_id = %(merchant_id)s AND (%(status)s::text IS NULL OR status = %(status)s)
      AND (%(before)s::uuid IS NULL OR (created_at, payout_id) < (
          SELECT b.created_at, b.payout_id FROM views.payouts AS b
          WHERE b.payout_id = %(before)s AND b.merchant_id = %(merchant_id)s
      ))
    ORDER BY created_at DESC, payout_id DESC
    LIMIT %(rows_max)s
) AS t
"""
_ALL = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.payout_id DESC), '[]')::text FROM (
    SELECT * FROM views.payouts
    WHERE %(before)s::uuid IS NULL OR (created_at, payout_id) < (
        SELECT b.created_at, b.payout_id FROM views.payouts AS b WHERE b.payout_id = %(before)s
    )
    ORDER BY created_at DESC, payout_id DESC
    LIMIT %(rows_max)s
) AS t
"""
_IN_STATUS = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.payout_id DESC), '[]')::text FROM (
    SELECT * FROM views.payouts
    WHERE status = %(status)s AND (%(before)s::uuid IS NULL OR (created_at, payout_id) < (
        SELECT b.created_at, b.payout_id FROM views.payouts AS b WHERE b.payout_id = %(before)s
    ))
    ORDER BY created_at DESC, payout_id DESC
    LIMIT %(rows_max)s
) AS t
"""
_PENDING = "SELECT payout_id FROM views.payouts WHERE status = 'pending' ORDER BY created_at, payout_id LIMIT %s"


async def of_merchant(
    connection: psycopg.AsyncConnection[Any],
    merchant_id: str,
    *,
    rows_max: int,
    before: UUID | None = None,
    status: PayoutStatus | None = None,
) -> Sequence[PayoutRow]:
    """A page of a merchant's payouts, last created first; `before` is the last id of the previous page."""
    parameters = {"merchant_id": merchant_id, "status": status, "before": before, "rows_max": rows_max}
    return await _rows(connection, _OF_MERCHANT, parameters)


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    rows_max: int,
    before: UUID | None = None,
    status: PayoutStatus | None = None,
) -> Sequence[PayoutRow]:
    """A page of all merchants' payouts, last created first; `before` is the last id of the previous page."""
    parameters = {"before": before, "rows_max": rows_max}
    if status is None:
        return await _rows(connection, _ALL, parameters)
    return await _rows(connection, _IN_STATUS, {**parameters, "status": status})


async def pending(connection: psycopg.AsyncConnection[Any], *, rows_max: int) -> Sequence[UUID]:
    """The ids of payouts that wait for a file, oldest first."""
    return [payout_id for (payout_id,) in await (await connection.execute(_PENDING, (rows_max,))).fetchall()]


async def _rows(
    connection: psycopg.AsyncConnection[Any], statement: str, parameters: dict[str, Any]
) -> Sequence[PayoutRow]:
    [(rows,)] = await (await connection.execute(statement.encode(), parameters)).fetchall()
    return msgspec.json.decode(rows, type=list[PayoutRow])
