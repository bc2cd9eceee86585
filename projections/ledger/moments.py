"""The position at which the books have to be read for a given moment, once their views have reached that moment."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Protocol

from projections.engine.waiting import Reader, wait_for
from projections.ledger import books

WAIT_S = 2.0
_TICK = timedelta(microseconds=1)
"""The resolution of recorded times."""


class Head(Protocol):
    """The event store, of which only the last position is needed."""

    def head(self) -> Awaitable[int]: ...


async def position_before(reader: Reader, store: Head, instant: datetime) -> int:
    """The last position before `instant`, which is not in the future. Raises ViewBehind, ViewRebuilding.

    Once the views have an entry at `instant` or later, no earlier entry can follow. Until then the read waits for the
    views to reach the store's present head.
    """
    async with reader() as connection:
        reached = await books.reached(connection)
        found = await books.last_before(connection, instant)
    if found is not None and found <= reached:
        return found
    reached = await _books_at(reader, await store.head())
    async with reader() as connection:
        found = await books.last_before(connection, instant)
    return reached if found is None else min(found, reached)


async def position_at(reader: Reader, store: Head, moment: datetime | int) -> int:
    """The position to read at for a moment, an instant or a position, that is not in the future.

    Entries recorded at that very instant are included. Raises ViewBehind, ViewRebuilding.
    """
    if isinstance(moment, datetime):
        return await position_before(reader, store, moment + _TICK)
    await _books_at(reader, moment)
    return moment


async def _books_at(reader: Reader, position: int) -> int:
    return await wait_for(reader, books.BOOK_VIEWS, position, within_s=WAIT_S)
