"""The read model of payment search and timers: one row a payment, with the whole state of the payment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import asdict, replace
from psycopg.sql import SQL

from domain.history import Positioned
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve
from domain.payment.state import Payment, terms_of
from domain.payment.status import Status, status_of
from domain.payment.timer import TimerKind
from projections.engine.merchant_search import MerchantSearch
from projections.engine.view import Key, View
from projections.payment.timers import NOTHING, Timer, timer_after


class PaymentStatusRow(Struct, frozen=True, kw_only=True):
    """`due_at` is the end of an authorisation, or the time of the first query about a customer action; None, as is
    `timer`, while the payment waits for neither."""

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
    timer: TimerKind | None
    due_at: datetime | None
    payment: Payment


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, PaymentEvent):
        return ((positioned.event.originator_id,),)
    return ()


def apply(row: PaymentStatusRow | None, key: Key, positioned: Positioned) -> PaymentStatusRow:
    event = positioned.event
    assert isinstance(event.data, PaymentEvent)
    payment = evolve(None if row is None else row.payment, event.data)
    timer = timer_after(NOTHING if row is None else Timer(row.timer, row.due_at), positioned)
    if row is not None:
        return replace(
            row,
            status=status_of(payment),
            updated_at=event.recorded_at,
            version=event.originator_version,
            position=positioned.position,
            timer=timer.kind,
            due_at=timer.due_at,
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
        timer=timer.kind,
        due_at=timer.due_at,
        payment=payment,
    )


PAYMENT_STATUS = View(
    name="payment_status",
    table="payment_status",
    row=PaymentStatusRow,
    types=(
        *("uuid", "text", "text", "text", "text", "bigint"),
        *("timestamptz", "timestamptz", "bigint", "bigint", "text", "timestamptz", "jsonb"),
    ),
    key=("payment_id",),
    takes=PaymentEvent,
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
            timer text,
            due_at timestamptz,
            payment jsonb NOT NULL
        );
    """,
    indexes="""
        CREATE INDEX payment_status_by_merchant ON payment_status (merchant_id, created_at, payment_id);
        CREATE INDEX payment_status_by_status ON payment_status (merchant_id, status, created_at, payment_id);
        CREATE INDEX payment_status_by_customer ON payment_status (merchant_id, customer_id, created_at, payment_id);
        CREATE INDEX payment_status_by_amount
            ON payment_status (merchant_id, currency, amount_minor, created_at, payment_id);
        CREATE INDEX payment_status_due ON payment_status (due_at) WHERE due_at IS NOT NULL;
    """,
)

_SEARCH = MerchantSearch(
    PAYMENT_STATUS,
    {
        "status": SQL("status = %(status)s"),
        "customer_id": SQL("customer_id = %(customer_id)s"),
        "currency": SQL("currency = %(currency)s"),
        "amount": SQL("amount_minor = %(amount)s"),
        "amount_gte": SQL("amount_minor >= %(amount_gte)s"),
        "amount_lte": SQL("amount_minor <= %(amount_lte)s"),
    },
)


class AmountFilter(Struct, frozen=True, kw_only=True):
    """Payments in `currency`: of any amount, of one amount, or of a range with both ends included, in minor units."""

    currency: str
    amount: int | None = None
    amount_gte: int | None = None
    amount_lte: int | None = None


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    merchant_id: str,
    rows_max: int,
    before: UUID | None = None,
    status: Status | None = None,
    customer_id: str | None = None,
    amounts: AmountFilter | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> Sequence[PaymentStatusRow]:
    """A page of a merchant's payments, newest first; `before` is the last id of the previous page.

    With `amounts` Postgres plans the query for these values: a rare currency or amount is found by its own index, one
    of most payments while reading the index by time.
    """
    asked = {"status": status, "customer_id": customer_id, **({} if amounts is None else asdict(amounts))}
    return await _SEARCH.page(
        connection,
        merchant_id=merchant_id,
        rows_max=rows_max,
        before=before,
        created_after=created_after,
        created_before=created_before,
        asked=asked,
        planned_anew=amounts is not None,
    )
