"""Waiting for what happens by itself: looked for again and again until a deadline, never slept for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

WITHIN_S = 90.0
_POLL_S = 0.05

T = TypeVar("T")


async def eventually(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """What `read` gives once it `holds`, or as it is when that takes too long: whoever asked looks at it anyway."""
    deadline = time.monotonic() + WITHIN_S
    found = await read()
    while not holds(found) and time.monotonic() < deadline:
        await asyncio.sleep(_POLL_S)
        found = await read()
    return found
