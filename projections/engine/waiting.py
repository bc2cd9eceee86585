"""A read waits, for a bounded time, until its views have reached the position that the reader names."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg

from domain.errors import DomainError
from projections.engine.checkpoint import positions
from projections.engine.view import View

_POLL_S = 0.01

Reader = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[tuple[Any, ...]]]]
"""Opens a connection that may read the views."""


class ViewBehind(DomainError):
    """The view has not reached the position that a query asks for."""

    view: str
    position: int
    retry_after_s: int = 1


async def wait_for(reader: Reader, views: Collection[View[Any]], position: int, *, within_s: float) -> int:
    """Wait until every view has reached `position`; the position of the view furthest behind.

    Raises ViewBehind after `within_s` seconds, and ViewRebuilding for a view whose rows this version cannot read.
    """
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        async with reader() as connection:
            reached = await positions(connection, views)
        last = min(reached, key=reached.__getitem__)
        if reached[last] >= position:
            return reached[last]
        if asyncio.get_running_loop().time() >= deadline:
            raise ViewBehind(view=last, position=position)
        await asyncio.sleep(_POLL_S)
