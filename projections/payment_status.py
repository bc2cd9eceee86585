"""The read model behind payment search: one row a payment, with the whole payment as its events make it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg.sql import SQL

from domain.history import Positioned
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve
from domain.payment.state import Payment, terms_of
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
    version: int
    position: int
    payment: Payment


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, PaymentEvent):
        return ((positioned.event.originator_id,),)
    return ()


def apply(row: PaymentStatusRow | None, key: Key, positioned: Positioned) -> PaymentStatusRow:
    event = positioned.event
    assert isinstance(event.data, PaymentEvent)
    payment = evolve(None if row is None else row.payment, event.data)
    if row is not None:
        return replace(
            row,
            status=status_of(payment),
            updated_at=event.recorded_at,
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
        *("timestamptz", "timestamptz", "bigint", "bigint", "jsonb"),
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
            version bigint NOT NULL,
            position bigint NOT NULL,
            payment jsonb NOT NULL
        );
    """,
    indexes="""
        CREATE INDEX payment_status_by_merchant ON payment_status (merchant_id, created_at, payment_id);
        CREATE INDEX payment_status_by_status ON payment_status (merchant_id, status, created_at, payment_id);
        CREATE INDEX payment_status_by_customer ON payment_status (merchant_id, customer_id, created_at, payment_id);
    """,
)

# However many payments there are, a page is a walk along one of the indexes above, from where the page before ended.
# Hence no `OR … IS NULL`, which no index serves, and a single upper bound: of two, Postgres may begin at either, and
# step over all that is beyond the other.
_SEARCH = SQL("""
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.payment_id DESC), '[]')::text FROM (
    SELECT * FROM views.payment_status
    WHERE merchant_id = %(merchant_id)s AND {filtered}
      AND created_at > %(after)s AND (created_at, payment_id) < (%(until)s, %(until_id)s::uuid)
    ORDER BY created_at DESC, payment_id DESC
    LIMIT %(rows_max)s
) AS t
""")
_OF_STATUS, _OF_CUSTOMER = SQL("status = %(status)s"), SQL("customer_id = %(customer_id)s")
_SEARCH_ALL = _SEARCH.format(filtered=SQL("true"))
_SEARCH_BY_STATUS = _SEARCH.format(filtered=_OF_STATUS)
_SEARCH_BY_CUSTOMER = _SEARCH.format(filtered=_OF_CUSTOMER)
_SEARCH_BY_BOTH = _SEARCH.format(filtered=SQL(" AND ").join((_OF_STATUS, _OF_CUSTOMER)))
_CREATED_AT = "SELECT created_at FROM views.payment_status WHERE payment_id = %s AND merchant_id = %s"
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LEAST_ID = UUID(int=0)


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
    until, until_id = created_before or _NEVER, _LEAST_ID
    if before is not None:
        known = await (await connection.execute(_CREATED_AT, (before, merchant_id))).fetchone()
        if known is None:
            return []
        if known[0] < until:
            until, until_id = known[0], before
    match status, customer_id:
        case None, None:
            query = _SEARCH_ALL
        case _, None:
            query = _SEARCH_BY_STATUS
        case None, _:
            query = _SEARCH_BY_CUSTOMER
        case _:
            query = _SEARCH_BY_BOTH
    cursor = await connection.execute(
        query,
        {
            "merchant_id": merchant_id,
            "status": status,
            "customer_id": customer_id,
            "after": created_after or _EVER,
            "until": until,
            "until_id": until_id,
            "rows_max": rows_max,
        },
    )
    [(rows,)] = await cursor.fetchall()
    return msgspec.json.decode(rows, type=list[PaymentStatusRow])
