"""The read model that leads from an instant to a position: the latest times recorded in each block of positions.

The clocks of the processes that append may differ by a little, so times do not quite follow positions. What had been
posted at an instant is always a first part of the journal: what comes before the first entry recorded after it.
"""

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
    """`latest_at` is the latest time at which an entry of the block was recorded; `latest` the same of each block of
    journal_lines in it, None for one without entries, as far as there are entries."""

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
        # The last of them: events come in the order of their positions.
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
