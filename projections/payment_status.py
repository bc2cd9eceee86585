"""The read model behind payment search: one row a payment, with the whole payment as its events make it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from domain.payment.evolve import evolve
from domain.payment.state import Authorized, PartiallyCaptured, Payment, terms_of
from domain.payment.status import Status, status_of
from projections.view import Key, View


class PaymentStatusRow(Struct, frozen=True, kw_only=True):
    payment_id: UUID
    merchant_id: str
    customer_id: str
    status: Status
    currency: str
    amount_minor: int
    created_at: datetime
    updated_at: datetime
    capturable_until: datetime | None
    """When the open authorisation expires; None while there is none."""
    version: int
    position: int
    payment: Payment


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, JournalEntryPosted):
        return ()
    return ((positioned.event.originator_id,),)


def apply(row: PaymentStatusRow | None, key: Key, positioned: Positioned) -> PaymentStatusRow:
    event = positioned.event
    assert not isinstance(event.data, JournalEntryPosted)
    payment = evolve(None if row is None else row.payment, event.data)
    capturable_until = payment.authorization.expires_at if isinstance(payment, Authorized | PartiallyCaptured) else None
    if row is not None:
        return replace(
            row,
            status=status_of(payment),
            updated_at=event.recorded_at,
            capturable_until=capturable_until,
            version=event.originator_version,
            position=positioned.position,
            payment=payment,
        )
    terms = terms_of(payment)
    return PaymentStatusRow(
        payment_id=event.originator_id,
        merchant_id=terms.merchant_id,
        customer_id=terms.customer_id,
        status=status_of(payment),
        currency=terms.amount.currency,
        amount_minor=terms.amount.minor,
        created_at=event.recorded_at,
        updated_at=event.recorded_at,
        capturable_until=capturable_until,
        version=event.originator_version,
        position=positioned.position,
        payment=payment,
    )


PAYMENT_STATUS = View(
    name="payment_status",
    table="payment_status",
    row=PaymentStatusRow,
    types=(
        *("uuid", "text", "text", "text", "text", "bigint"),
        *("timestamptz", "timestamptz", "timestamptz", "bigint", "bigint", "jsonb"),
    ),
    key=("payment_id",),
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE payment_status (
            payment_id uuid PRIMARY KEY,
            merchant_id text NOT NULL,
            customer_id text NOT NULL,
            status text NOT NULL,
            currency text NOT NULL,
            amount_minor bigint NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            capturable_until timestamptz,
            version bigint NOT NULL,
            position bigint NOT NULL,
            payment jsonb NOT NULL
        );
    """,
    indexes="""
        CREATE INDEX payment_status_by_merchant ON payment_status (merchant_id, payment_id DESC);
        CREATE INDEX payment_status_by_status ON payment_status (merchant_id, status, payment_id DESC);
        CREATE INDEX payment_status_by_expiry ON payment_status (capturable_until) WHERE capturable_until IS NOT NULL;
    """,
)

_SEARCH = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.payment_id DESC), '[]')::text FROM (
    SELECT * FROM views.payment_status
    WHERE merchant_id = %(merchant_id)s
      AND (%(before)s::uuid IS NULL OR payment_id < %(before)s)
      AND (%(status)s::text IS NULL OR status = %(status)s)
      AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
      AND (%(created_after)s::timestamptz IS NULL OR created_at > %(created_after)s)
      AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)
    ORDER BY payment_id DESC
    LIMIT %(rows_max)s
) AS t
"""
_LAPSED = """
SELECT payment_id FROM views.payment_status WHERE capturable_until <= %s ORDER BY capturable_until LIMIT 500
"""


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    merchant_id: str,
    rows_max: int,
    before: UUID | None = None,
    status: Status | None = None,
    customer_id: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Sequence[PaymentStatusRow]:
    """A merchant's payments, newest first; `before` is the last payment of the page before."""
    cursor = await connection.execute(
        _SEARCH,
        {
            "merchant_id": merchant_id,
            "rows_max": rows_max,
            "before": before,
            "status": status,
            "customer_id": customer_id,
            "created_after": created_after,
            "created_before": created_before,
        },
    )
    [(rows,)] = await cursor.fetchall()
    return msgspec.json.decode(rows, type=list[PaymentStatusRow])


async def lapsed(connection: psycopg.AsyncConnection[Any], now: datetime) -> Sequence[UUID]:
    """Payments whose authorisation has run out and is still shown as open, the longest overdue first."""
    cursor = await connection.execute(_LAPSED, (now,))
    return [payment_id for (payment_id,) in await cursor.fetchall()]
