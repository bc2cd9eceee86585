"""Work that several workers share: each takes what is free and due, some at a time, until there is no more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

AGAIN_S = 1.0
"""How soon what comes due is taken while some that was taken before is still worked on."""

T = TypeVar("T")


async def work_on_all(
    take: Callable[[int], Awaitable[Sequence[T]]],
    work: Callable[[T], Coroutine[Any, Any, bool]],
    *,
    concurrent_max: int,
) -> int:
    """Work on whatever can be taken until nothing is under way; the number of tries of which `work` says that they
    are not done.

    `take` gives at most as many as asked for, and fewer only when there are no more for now. What is under way is
    cancelled when this is, or when `take` raises.
    """
    clock = asyncio.get_running_loop().time
    running: set[asyncio.Task[bool]] = set()
    undone, take_at = 0, clock()
    try:
        while True:
            free = concurrent_max - len(running)
            if free and clock() >= take_at:
                taken = await take(free)
                if len(taken) < free:
                    take_at = clock() + AGAIN_S
                running |= {asyncio.create_task(work(one)) for one in taken}
            if not running:
                return undone
            pause_s = None if len(running) == concurrent_max else max(0.0, take_at - clock())
            ended, running = await asyncio.wait(running, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
            undone += [task.result() for task in ended].count(False)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
