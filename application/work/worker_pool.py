"""Several workers share one queue: each claims due items, some at a time, until none are left."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

CLAIM_AGAIN_S = 1.0
"""The pause between two claims while items of an earlier one are still worked on."""

T = TypeVar("T")


async def work_on_all(
    claim: Callable[[int], Awaitable[Sequence[T]]],
    work: Callable[[T], Coroutine[Any, Any, bool]],
    *,
    concurrent_max: int,
) -> int:
    """Work on every item that can be claimed until nothing is under way; the number of calls of `work` that return
    False.

    `claim` gives at most as many items as asked for, and fewer only when there are no more for now. Tasks under way are
    cancelled when the caller is, or when `claim` raises.
    """
    clock = asyncio.get_running_loop().time
    running: set[asyncio.Task[bool]] = set()
    undone, claim_at = 0, clock()
    try:
        while True:
            free = concurrent_max - len(running)
            if free and clock() >= claim_at:
                claimed = await claim(free)
                if len(claimed) < free:
                    claim_at = clock() + CLAIM_AGAIN_S
                running |= {asyncio.create_task(work(item)) for item in claimed}
            if not running:
                return undone
            pause_s = None if len(running) == concurrent_max else max(0.0, claim_at - clock())
            ended, running = await asyncio.wait(running, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
            undone += [task.result() for task in ended].count(False)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
