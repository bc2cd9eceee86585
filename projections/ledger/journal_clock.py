"""The read model that finds the position of an instant: the latest recorded time of each block of positions."""

# The clocks of appending processes may differ a little, so that times do not always increase with positions. The
# journal at an instant is always a prefix of the journal: all entries before the first one recorded after that instant.

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View
from projections.ledger.account_blocks import block_of


class JournalClockRow(Struct, frozen=True, kw_only=True):
    """`latest_at` is the latest time at which an entry of the block was recorded."""

    block: int
    latest_at: Annotated[datetime, Meta(tz=True)]


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, JournalEntryPosted):
        return ((block_of(positioned.position),),)
    return ()


def apply(row: JournalClockRow | None, key: Key, positioned: Positioned) -> JournalClockRow:
    recorded_at = positioned.event.recorded_at
    latest_at = recorded_at if row is None else max(row.latest_at, recorded_at)
    return JournalClockRow(block=block_of(positioned.position), latest_at=latest_at)


JOURNAL_CLOCK = View(
    name="journal_clock",
    table="journal_clock",
    row=JournalClockRow,
    types=("bigint", "timestamptz"),
    key=("block",),
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE journal_clock (
            block bigint PRIMARY KEY,
            latest_at timestamptz NOT NULL
        ) WITH (fillfactor = 70);
    """,
)
