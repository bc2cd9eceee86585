"""The read model of refunds: one row a refund with its status, which a payment's own events yield as well."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import psycopg
from msgspec import Meta, Struct
from msgspec.structs import replace
from psycopg.sql import SQL

from domain.history import Positioned
from domain.payment.events import (
    OperationAdopted,
    OperationKind,
    PaymentRefunded,
    RefundFailed,
    RefundReversed,
    RefundStarted,
)
from domain.payment.status import OperationStatus
from projections.engine.merchant_search import MerchantSearch
from projections.engine.view import Key, View, fold

RefundBegun = RefundStarted | OperationAdopted
RefundEnded = PaymentRefunded | RefundFailed | RefundReversed
Instant = Annotated[datetime, Meta(tz=True)]


class RefundRow(Struct, frozen=True, kw_only=True):
    """`reason` is the merchant's reason, None for a refund that was made at the provider. `code` and `message` are
    those of the failure, None without one."""

    refund_id: UUID
    payment_id: UUID
    merchant_id: str
    status: OperationStatus
    amount_minor: int
    currency: str
    reason: str | None
    code: str | None
    message: str | None
    created_at: Instant
    updated_at: Instant
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    data = positioned.event.data
    if isinstance(data, OperationAdopted):
        return ((data.operation_id,),) if data.operation is OperationKind.REFUND else ()
    return ((data.refund_id,),) if isinstance(data, RefundStarted | RefundEnded) else ()


def apply(row: RefundRow | None, key: Key, positioned: Positioned) -> RefundRow:
    event, data = positioned.event, positioned.event.data
    if isinstance(data, RefundBegun):
        return RefundRow(
            refund_id=data.refund_id if isinstance(data, RefundStarted) else data.operation_id,
            payment_id=event.originator_id,
            merchant_id=event.merchant_id,
            status=OperationStatus.PENDING,
            amount_minor=data.amount.minor,
            currency=data.amount.currency,
            reason=data.reason if isinstance(data, RefundStarted) else None,
            code=None,
            message=None,
            created_at=event.recorded_at,
            updated_at=event.recorded_at,
            position=positioned.position,
        )
    assert row is not None, "a refund begins with being asked for, or adopted"
    assert isinstance(data, RefundEnded)
    return _ended(replace(row, updated_at=event.recorded_at, position=positioned.position), data)


def _ended(row: RefundRow, event: RefundEnded) -> RefundRow:
    match event:
        case PaymentRefunded():
            return replace(row, status=OperationStatus.SUCCEEDED)
        case RefundFailed(code=code, message=message) | RefundReversed(code=code, message=message):
            return replace(row, status=OperationStatus.FAILED, code=code, message=message)


REFUNDS = View(
    name="refunds",
    table="refunds",
    row=RefundRow,
    types=(
        *("uuid", "uuid", "text", "text", "bigint", "text", "text", "text", "text"),
        *("timestamptz", "timestamptz", "bigint"),
    ),
    key=("refund_id",),
    takes=RefundStarted | RefundEnded | OperationAdopted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE refunds (
            refund_id uuid PRIMARY KEY,
            payment_id uuid NOT NULL,
            merchant_id text NOT NULL,
            status text NOT NULL,
            amount_minor bigint NOT NULL,
            currency text NOT NULL,
            reason text,
            code text,
            message text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            position bigint NOT NULL
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX refunds_by_merchant ON refunds (merchant_id, created_at, refund_id);
        CREATE INDEX refunds_by_status ON refunds (merchant_id, status, created_at, refund_id);
        CREATE INDEX refunds_by_payment ON refunds (merchant_id, payment_id, created_at, refund_id);
    """,
)
_SEARCH = MerchantSearch(
    REFUNDS, {"status": SQL("status = %(status)s"), "payment_id": SQL("payment_id = %(payment_id)s")}
)
_PAYMENT = "SELECT payment_id FROM views.refunds WHERE refund_id = %s"


def refunds_of(history: Iterable[Positioned]) -> list[RefundRow]:
    """The refunds of a payment whose events are `history`, oldest first."""
    return list(fold(REFUNDS, {}, history).values())


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    merchant_id: str,
    rows_max: int,
    before: UUID | None = None,
    status: OperationStatus | None = None,
    payment_id: UUID | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Sequence[RefundRow]:
    """A page of a merchant's refunds, newest first; `before` is the last id of the previous page."""
    return await _SEARCH.page(
        connection,
        merchant_id=merchant_id,
        rows_max=rows_max,
        before=before,
        created_after=created_after,
        created_before=created_before,
        asked={"status": status, "payment_id": payment_id},
    )


async def payment_of(connection: psycopg.AsyncConnection[Any], refund_id: UUID) -> UUID | None:
    """The payment of a refund; None for a refund that the view does not have."""
    found = await (await connection.execute(_PAYMENT, (refund_id,))).fetchone()
    return None if found is None else found[0]
