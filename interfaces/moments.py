"""The position at which to read the books for a moment that somebody names, once the views have surely come there."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

import psycopg

from interfaces.resources.as_of import moment
from interfaces.resources.refusals import ViewBehind
from projections.engine.tables import positions
from projections.engine.view import View
from projections.ledger import books

WAIT_S = 2.0
_POLL_S = 0.01
_TICK = timedelta(microseconds=1)
"""Times are recorded to the microsecond."""

Reader = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[tuple[Any, ...]]]]


class Head(Protocol):
    """The store, as far as it has come."""

    def head(self) -> Awaitable[int]: ...


async def position_before(reader: Reader, store: Head, instant: datetime) -> int:
    """The last position before `instant`, which is not in the future. Raises ViewBehind.

    Where the views know of an entry at `instant` or later, no earlier one can follow. Where they do not, they are
    waited for until they are where the store is now.
    """
    async with reader() as connection:
        reached = await books.reached(connection)
        found = await books.last_before(connection, instant)
    if found is not None and found <= reached:
        return found
    reached = await wait_for(reader, await store.head())
    async with reader() as connection:
        found = await books.last_before(connection, instant)
    return reached if found is None else min(found, reached)


async def position_of(reader: Reader, store: Head, as_of: str | None, *, now: datetime) -> int:
    """The position that `as_of`, an RFC 3339 time or a position, stands for: what happened at that time is included.

    Without one the last there is. Raises ParameterInvalid, AsOfInFuture, ViewBehind.
    """
    head = await store.head()
    named = head if as_of is None else moment(as_of, now=now, head=head)
    if isinstance(named, datetime):
        return await position_before(reader, store, named + _TICK)
    await wait_for(reader, named)
    return named


async def wait_for(reader: Reader, position: int, *, views: Collection[View[Any]] = books.BOOK_VIEWS) -> int:
    """Where `views`, those behind the books, stand, once that is at least `position`.

    Raises ViewBehind, ViewRebuilding.
    """
    deadline = asyncio.get_running_loop().time() + WAIT_S
    while True:
        async with reader() as connection:
            stands = await positions(connection, views)
        last = min(stands, key=stands.__getitem__)
        if stands[last] >= position:
            return stands[last]
        if asyncio.get_running_loop().time() >= deadline:
            raise ViewBehind(view=last, position=position)
        await asyncio.sleep(_POLL_S)
