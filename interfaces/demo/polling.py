"""Reads repeated until a condition holds or a deadline has passed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

WITHIN_S = 90.0
_POLL_S = 0.05

T = TypeVar("T")


async def eventually(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """The result of `read` once it satisfies `holds`; after WITHIN_S the last result, which the caller has to check."""
    deadline = time.monotonic() + WITHIN_S
    found = await read()
    while not holds(found) and time.monotonic() < deadline:
        await asyncio.sleep(_POLL_S)
        found = await read()
    return found
