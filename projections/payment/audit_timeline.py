"""The audit read model: one row an event of a payment or of its ledger entries, in order of position."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Meta, Struct

from domain.event import name_of
from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted, LedgerEvent
from domain.payment.events import PaymentEvent
from projections.engine.view import Key, View

TimelineEvent = PaymentEvent | LedgerEvent


class AuditTimelineRow(Struct, frozen=True, kw_only=True):
    """`data` is the event itself."""

    position: int
    payment_id: UUID
    merchant_id: str
    event: str
    recorded_at: Annotated[datetime, Meta(tz=True)]
    actor: str
    request_id: str
    trace_id: str
    causation_id: str | None
    data: TimelineEvent


def keys_of(positioned: Positioned) -> Iterable[Key]:
    return () if _payment_of(positioned) is None else ((positioned.position,),)


def apply(row: AuditTimelineRow | None, key: Key, positioned: Positioned) -> AuditTimelineRow:
    event = positioned.event
    data = event.data
    payment_id = _payment_of(positioned)
    assert isinstance(data, TimelineEvent)
    assert payment_id is not None
    return AuditTimelineRow(
        position=positioned.position,
        payment_id=payment_id,
        merchant_id=event.merchant_id,
        event=name_of(data),
        recorded_at=event.recorded_at,
        actor=event.actor,
        request_id=event.request_id,
        trace_id=event.trace_id,
        causation_id=event.causation_id,
        data=data,
    )


def _payment_of(positioned: Positioned) -> UUID | None:
    """The payment of the event; None for an event about no payment or about several."""
    match positioned.event.data:
        case JournalEntryPosted(payment_id=payment_id):
            return payment_id
        case _ if isinstance(positioned.event.data, PaymentEvent):
            return positioned.event.originator_id
        case _:
            return None


AUDIT_TIMELINE = View(
    name="audit_timeline",
    table="audit_timeline",
    row=AuditTimelineRow,
    types=("bigint", "uuid", "text", "text", "timestamptz", "text", "text", "text", "text", "jsonb"),
    key=("position",),
    final=True,
    takes=TimelineEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE audit_timeline (
            position bigint PRIMARY KEY,
            payment_id uuid NOT NULL,
            merchant_id text NOT NULL,
            event text NOT NULL,
            recorded_at timestamptz NOT NULL,
            actor text NOT NULL,
            request_id text NOT NULL,
            trace_id text NOT NULL,
            causation_id text,
            data jsonb NOT NULL
        );
    """,
    indexes="""
        CREATE INDEX audit_timeline_by_payment ON audit_timeline (payment_id, position);
        CREATE INDEX audit_timeline_by_merchant ON audit_timeline (merchant_id, position);
    """,
)

# Only the index by merchant has this order. With `merchant_id = …`, and ordered by position alone, Postgres may read
# the primary key instead, and the events of all merchants for a merchant that has few.
_OF_MERCHANT_AFTER = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.position), '[]')::text FROM (
    SELECT * FROM views.audit_timeline
    WHERE (merchant_id, position) > (%(merchant_id)s, %(position)s) AND merchant_id <= %(merchant_id)s
    ORDER BY merchant_id, position LIMIT %(rows_max)s
) AS t
"""
_OF_PAYMENT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.position), '[]')::text FROM views.audit_timeline AS t
WHERE payment_id = %s
"""


async def of_merchant_after(
    connection: psycopg.AsyncConnection[Any], merchant_id: str, position: int, *, rows_max: int
) -> Sequence[AuditTimelineRow]:
    """A merchant's events after `position`, without a gap, in order."""
    cursor = await connection.execute(
        _OF_MERCHANT_AFTER, {"merchant_id": merchant_id, "position": position, "rows_max": rows_max}
    )
    [(rows,)] = await cursor.fetchall()
    return msgspec.json.decode(rows, type=list[AuditTimelineRow])


async def of_payment(connection: psycopg.AsyncConnection[Any], payment_id: UUID) -> Sequence[AuditTimelineRow]:
    """The events of a payment and of its ledger entries, in order."""
    [(rows,)] = await (await connection.execute(_OF_PAYMENT, (payment_id,))).fetchall()
    return msgspec.json.decode(rows, type=list[AuditTimelineRow])
