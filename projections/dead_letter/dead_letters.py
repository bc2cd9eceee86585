"""The read model of dead letters, which wait for an operator: one row a letter."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.dead_letter.events import (
    DeadLetterClosed,
    DeadLetterEvent,
    DeadLetterKind,
    DeadLetterRecorded,
    DeadLetterResolved,
    DeadLetterRetried,
)
from domain.dead_letter.state import DeadLetterState
from domain.event import name_of
from domain.history import Positioned
from projections.engine.view import Key, View


class DeadLetterRow(Struct, frozen=True, kw_only=True):
    """`merchant_id` is the payment's merchant, or the platform for a letter without a payment. `note` is the reason of
    the closing, or the outcome. `actor` is the actor of the last event."""

    letter_id: UUID
    kind: DeadLetterKind
    subject: str
    state: DeadLetterState
    merchant_id: str
    payment_id: UUID | None
    provider: str | None
    reason: str
    note: str | None
    retries: int
    actor: str
    recorded_at: datetime
    updated_at: datetime
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if not isinstance(positioned.event.data, DeadLetterEvent):
        return ()
    return ((positioned.event.originator_id,),)


def apply(row: DeadLetterRow | None, key: Key, positioned: Positioned) -> DeadLetterRow:
    event, position = positioned.event, positioned.position
    data = event.data
    if row is None:
        assert isinstance(data, DeadLetterRecorded)
        return DeadLetterRow(
            letter_id=event.originator_id,
            kind=data.kind,
            subject=data.subject,
            state=DeadLetterState.OPEN,
            merchant_id=event.merchant_id,
            payment_id=data.payment_id,
            provider=data.provider,
            reason=data.reason,
            note=None,
            retries=0,
            actor=event.actor,
            recorded_at=event.recorded_at,
            updated_at=event.recorded_at,
            position=position,
        )
    row = replace(row, actor=event.actor, updated_at=event.recorded_at, position=position)
    match data:
        case DeadLetterRecorded(reason=reason):
            return replace(
                row,
                state=DeadLetterState.OPEN,
                payment_id=data.payment_id,
                provider=data.provider,
                reason=reason,
                note=None,
            )
        case DeadLetterRetried():
            return replace(row, state=DeadLetterState.RETRYING, retries=row.retries + 1)
        case DeadLetterResolved(outcome=outcome):
            return replace(row, state=DeadLetterState.RESOLVED, note=outcome)
        case DeadLetterClosed(reason=reason):
            return replace(row, state=DeadLetterState.CLOSED, note=reason)
        case _:
            raise AssertionError(f"{name_of(data)} happens to no dead letter")


DEAD_LETTERS = View(
    name="dead_letters",
    table="dead_letters",
    row=DeadLetterRow,
    types=(
        *("uuid", "text", "text", "text", "text", "uuid", "text"),
        *("text", "text", "bigint", "text", "timestamptz", "timestamptz", "bigint"),
    ),
    key=("letter_id",),
    takes=DeadLetterEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE dead_letters (
            letter_id uuid PRIMARY KEY,
            kind text NOT NULL,
            subject text NOT NULL,
            state text NOT NULL,
            merchant_id text NOT NULL,
            payment_id uuid,
            provider text,
            reason text NOT NULL,
            note text,
            retries bigint NOT NULL,
            actor text NOT NULL,
            recorded_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            position bigint NOT NULL
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX dead_letters_by_time ON dead_letters (recorded_at, letter_id);
        CREATE INDEX dead_letters_open ON dead_letters (recorded_at, letter_id) WHERE state IN ('open', 'retrying');
    """,
)

# Letters are few and closed in the end, so that a filter may skip some. `before` is the last letter of the page before.
_SEARCH = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.recorded_at DESC, t.letter_id DESC), '[]')::text FROM (
    SELECT * FROM views.dead_letters AS l
    WHERE (%(state)s::text IS NULL OR state = %(state)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
      AND (%(before)s::uuid IS NULL OR (recorded_at, letter_id) < (
          SELECT b.recorded_at, b.letter_id FROM views.dead_letters AS b WHERE b.letter_id = %(before)s
      ))
    ORDER BY recorded_at DESC, letter_id DESC
    LIMIT %(rows_max)s
) AS t
"""
_ONE = "SELECT to_jsonb(l)::text FROM views.dead_letters AS l WHERE letter_id = %s"


async def search(
    connection: psycopg.AsyncConnection[Any],
    *,
    rows_max: int,
    before: UUID | None = None,
    state: DeadLetterState | None = None,
    kind: DeadLetterKind | None = None,
) -> Sequence[DeadLetterRow]:
    """A page of letters, last recorded first; `before` is the last id of the previous page."""
    parameters = {"state": state, "kind": kind, "before": before, "rows_max": rows_max}
    [(rows,)] = await (await connection.execute(_SEARCH, parameters)).fetchall()
    return msgspec.json.decode(rows, type=list[DeadLetterRow])


async def find(connection: psycopg.AsyncConnection[Any], letter_id: UUID) -> DeadLetterRow | None:
    rows = await (await connection.execute(_ONE, (letter_id,))).fetchall()
    return msgspec.json.decode(rows[0][0], type=DeadLetterRow) if rows else None
