"""The read model of disputes: one row a dispute, with the whole case and the times at which work is due."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg.sql import SQL

from domain.dispute.events import DisputeCaseEvent, DisputeKind
from domain.dispute.evolve import evolve
from domain.dispute.state import Accepted, DisputeCase, DisputeStatus, NeedsResponse, Submitting, status_of
from domain.history import Positioned
from projections.engine.view import Key, View


class DisputeRow(Struct, frozen=True, kw_only=True):
    """`due_at` is the time at which an unanswered dispute expires, None once the dispute does not expire. `asked_since`
    is the time since which a response or an acceptance is being sent to the provider, None where nothing is being
    sent."""

    case_id: UUID
    merchant_id: str
    payment_id: UUID
    provider: str
    kind: DisputeKind
    status: DisputeStatus
    due_at: datetime | None
    asked_since: datetime | None
    opened_at: datetime
    updated_at: datetime
    version: int
    position: int
    dispute: DisputeCase


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, DisputeCaseEvent):
        return ((positioned.event.originator_id,),)
    return ()


def apply(row: DisputeRow | None, key: Key, positioned: Positioned) -> DisputeRow:
    event = positioned.event
    assert isinstance(event.data, DisputeCaseEvent)
    dispute = evolve(None if row is None else row.dispute, event.data)
    case = dispute.case
    if row is None:
        row = DisputeRow(
            case_id=event.originator_id,
            merchant_id=case.merchant_id,
            payment_id=case.payment_id,
            provider=case.provider,
            kind=case.kind,
            status=DisputeStatus.NEEDS_RESPONSE,
            due_at=None,
            asked_since=None,
            opened_at=event.recorded_at,
            updated_at=event.recorded_at,
            version=0,
            position=0,
            dispute=dispute,
        )
    return replace(
        row,
        kind=case.kind,
        status=status_of(dispute),
        due_at=case.respond_by if isinstance(dispute, NeedsResponse) else None,
        asked_since=event.recorded_at if _is_asked(dispute) else None,
        updated_at=event.recorded_at,
        version=event.originator_version,
        position=positioned.position,
        dispute=dispute,
    )


def _is_asked(dispute: DisputeCase) -> bool:
    return isinstance(dispute, Submitting) or (isinstance(dispute, Accepted) and dispute.untold is not None)


DISPUTES = View(
    name="disputes",
    table="disputes",
    row=DisputeRow,
    types=(
        *("uuid", "text", "uuid", "text", "text", "text", "timestamptz"),
        *("timestamptz", "timestamptz", "timestamptz", "bigint", "bigint", "jsonb"),
    ),
    key=("case_id",),
    takes=DisputeCaseEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE disputes (
            case_id uuid PRIMARY KEY,
            merchant_id text NOT NULL,
            payment_id uuid NOT NULL,
            provider text NOT NULL,
            kind text NOT NULL,
            status text NOT NULL,
            due_at timestamptz,
            asked_since timestamptz,
            opened_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            version bigint NOT NULL,
            position bigint NOT NULL,
            dispute jsonb NOT NULL
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX disputes_by_merchant ON disputes (merchant_id, opened_at, case_id);
        CREATE INDEX disputes_by_status ON disputes (merchant_id, status, opened_at, case_id);
        CREATE INDEX disputes_by_time ON disputes (opened_at, case_id);
        CREATE INDEX disputes_due ON disputes (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX disputes_asked ON disputes (asked_since) WHERE asked_since IS NOT NULL;
    """,
)

# A page reads one of the indexes above onwards from the end of the page before: hence no `OR … IS NULL` for the
# merchant and the status, which no index serves.
_SEARCH = SQL("""
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.opened_at DESC, t.case_id DESC), '[]')::text FROM (
    SELECT * FROM views.disputes WHERE {filtered}
      AND (%(before)s::uuid IS NULL OR (opened_at, case_id) < (
          SELECT b.opened_at, b.case_id FROM views.disputes AS b WHERE b.case_id = %(before)s
      ))
    ORDER BY opened_at DESC, case_id DESC
    LIMIT %(rows_max)s
) AS t
""")
_OF_MERCHANT, _OF_STATUS = SQL("merchant_id = %(merchant_id)s"), SQL("status = %(status)s")
_DUE = "SELECT case_id FROM views.disputes WHERE due_at <= %s ORDER BY due_at LIMIT %s"
# A much later time was recorded by a wrong clock, and the dispute would wait until then.
_ASKED = """
SELECT case_id FROM views.disputes WHERE asked_since <= %s OR asked_since > %s + interval '1 hour'
ORDER BY asked_since LIMIT %s
"""


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    rows_max: int,
    merchant_id: str | None = None,
    status: DisputeStatus | None = None,
    before: UUID | None = None,
) -> Sequence[DisputeRow]:
    """A page of disputes of one merchant or of all, last opened first; `before` is the last id of the previous page."""
    filters = [
        *([] if merchant_id is None else [_OF_MERCHANT]),
        *([] if status is None else [_OF_STATUS]),
    ]
    query = _SEARCH.format(filtered=SQL(" AND ").join(filters or [SQL("true")]))
    parameters = {
        "merchant_id": merchant_id,
        "status": status,
        "before": before,
        "rows_max": rows_max,
    }
    [(rows,)] = await (await connection.execute(query, parameters)).fetchall()
    return msgspec.json.decode(rows, type=list[DisputeRow])


async def due(connection: psycopg.AsyncConnection[Any], *, now: datetime, rows_max: int) -> Sequence[UUID]:
    """The ids of disputes whose time to answer has ended, longest ago first."""
    return [case_id for (case_id,) in await (await connection.execute(_DUE, (now, rows_max))).fetchall()]


async def asked(connection: psycopg.AsyncConnection[Any], *, before: datetime, rows_max: int) -> Sequence[UUID]:
    """The ids of disputes with a response or an acceptance that is being sent to the provider since `before` or
    earlier and is not confirmed, longest first."""
    return [case_id for (case_id,) in await (await connection.execute(_ASKED, (before, before, rows_max))).fetchall()]
