"""The position at which the books have to be read for a given moment, once their views have reached that moment."""

from datetime import datetime, timedelta

from domain.history import Positioned
from domain.ledger.entry import JournalEntryPosted
from projections.engine.waiting import Reader, wait_for
from projections.ledger import books
from projections.ledger.entries import Store
from projections.ledger.journal_lines import LINES_BLOCK_POSITIONS

WAIT_S = 2.0
_TICK = timedelta(microseconds=1)
"""The resolution of recorded times."""


async def position_before(reader: Reader, store: Store, instant: datetime) -> int:
    """The last position before `instant`, which is not in the future. Raises ViewBehind, ViewRebuilding.

    Once the views have an entry at `instant` or later, no earlier entry can follow. Until then the read waits for the
    views to reach the store's present head.
    """
    async with reader() as connection:
        reached = await books.reached(connection)
    found = await last_before(reader, store, instant)
    if found is not None and found <= reached:
        return found
    reached = await _books_at(reader, await store.head())
    found = await last_before(reader, store, instant)
    return reached if found is None else min(found, reached)


async def last_before(reader: Reader, store: Store, moment: datetime) -> int | None:
    """The position before the first entry recorded at `moment` or later; None while the views have no such entry."""
    async with reader() as connection:
        begin = await books.reaching(connection, moment)
    if begin is None:
        return None
    events = await store.after(begin - 1, events_max=LINES_BLOCK_POSITIONS)
    return next((each.position - 1 for each in events if _is_entry(each) and each.event.recorded_at >= moment), None)


def _is_entry(positioned: Positioned) -> bool:
    return isinstance(positioned.event.data, JournalEntryPosted)


async def position_at(reader: Reader, store: Store, moment: datetime | int) -> int:
    """The position to read at for a moment, an instant or a position, that is not in the future.

    Entries recorded at that very instant are included. Raises ViewBehind, ViewRebuilding.
    """
    if isinstance(moment, datetime):
        return await position_before(reader, store, moment + _TICK)
    await _books_at(reader, moment)
    return moment


async def _books_at(reader: Reader, position: int) -> int:
    return await wait_for(reader, books.BOOK_VIEWS, position, within_s=WAIT_S)
