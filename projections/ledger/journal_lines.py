"""The read model of the journal by account: one row a posting, found by account, currency and position."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View


class JournalLinesRow(Struct, frozen=True, kw_only=True):
    """`line` counts the entry's postings from 1. `signed_minor` counts debits up and credits down. `payment_id` is
    None for an entry that is not about one payment."""

    position: int
    line: int
    entry_id: UUID
    payment_id: UUID | None
    account: str
    currency: str
    signed_minor: int
    cause: str
    recorded_at: Annotated[datetime, Meta(tz=True)]


def keys_of(positioned: Positioned) -> Iterable[Key]:
    entry = positioned.event.data
    if not isinstance(entry, JournalEntryPosted):
        return ()
    return ((positioned.position, line) for line in range(1, len(entry.postings) + 1))


def apply(row: JournalLinesRow | None, key: Key, positioned: Positioned) -> JournalLinesRow:
    event, entry = positioned.event, positioned.event.data
    assert isinstance(entry, JournalEntryPosted)
    line = key[1]
    assert isinstance(line, int)
    posting = entry.postings[line - 1]
    return JournalLinesRow(
        position=positioned.position,
        line=line,
        entry_id=event.originator_id,
        payment_id=entry.payment_id,
        account=posting.account,
        currency=posting.amount.currency,
        signed_minor=posting.signed_minor,
        cause=entry.cause,
        recorded_at=event.recorded_at,
    )


JOURNAL_LINES = View(
    name="journal_lines",
    table="journal_lines",
    row=JournalLinesRow,
    types=("bigint", "smallint", "uuid", "uuid", "text", "text", "bigint", "text", "timestamptz"),
    key=("position", "line"),
    final=True,
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    # COLLATE "C" compares account names byte by byte, which is faster, and the same on every server.
    ddl="""
        CREATE TABLE journal_lines (
            position bigint NOT NULL,
            line smallint NOT NULL,
            entry_id uuid NOT NULL,
            payment_id uuid,
            account text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            signed_minor bigint NOT NULL,
            cause text NOT NULL,
            recorded_at timestamptz NOT NULL,
            PRIMARY KEY (position, line)
        );
    """,
    indexes="""
        CREATE INDEX journal_lines_by_account ON journal_lines (account, currency, position, line);
    """,
)
