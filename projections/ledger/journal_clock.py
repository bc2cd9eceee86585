"""The read model that finds the position of an instant: the latest recorded times of each block of positions."""

# The clocks of appending processes may differ a little, so that times do not always increase with positions. The
# journal at an instant is always a prefix of the journal: all entries before the first one recorded after that instant.

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View
from projections.ledger.account_blocks import BLOCK_POSITIONS, block_of
from projections.ledger.journal_lines import lines_block_of

Instant = Annotated[datetime, Meta(tz=True)]


class JournalClockRow(Struct, frozen=True, kw_only=True):
    """`latest_at` is the latest time at which an entry of the block was recorded. `latest` has the same for each block
    of lines in the block, up to the last one with an entry; None for a block of lines without entries."""

    block: int
    latest_at: Instant
    latest: tuple[Instant | None, ...]


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if isinstance(positioned.event.data, JournalEntryPosted):
        return ((block_of(positioned.position),),)
    return ()


def apply(row: JournalClockRow | None, key: Key, positioned: Positioned) -> JournalClockRow:
    recorded_at, block = positioned.event.recorded_at, block_of(positioned.position)
    step = lines_block_of(positioned.position) - lines_block_of(block * BLOCK_POSITIONS)
    latest = () if row is None else row.latest
    if step < len(latest):
        # The last element: events come in the order of their positions.
        before = latest[step]
        latest = (*latest[:step], recorded_at if before is None else max(before, recorded_at))
    else:
        latest = (*latest, *(None,) * (step - len(latest)), recorded_at)
    latest_at = recorded_at if row is None else max(row.latest_at, recorded_at)
    return JournalClockRow(block=block, latest_at=latest_at, latest=latest)


JOURNAL_CLOCK: View[JournalClockRow] = View(
    name="journal_clock",
    table="journal_clock",
    row=JournalClockRow,
    types=("bigint", "timestamptz", "timestamptz[]"),
    key=("block",),
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE journal_clock (
            block bigint PRIMARY KEY,
            latest_at timestamptz NOT NULL,
            latest timestamptz[] NOT NULL
        ) WITH (fillfactor = 70);
    """,
)
