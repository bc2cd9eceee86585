"""Work that several workers share: each takes what is free and due, some at a time, until there is no more."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def work_on_all(
    take: Callable[[int], Awaitable[Sequence[T]]],
    work: Callable[[T], Coroutine[Any, Any, bool]],
    *,
    concurrent_max: int,
) -> int:
    """Work on whatever can be taken; the number of those of which `work` says that they are not done.

    `take` gives at most as many as asked for, and fewer only when there are no more. What is under way is cancelled
    when this is, or when `take` raises.
    """
    running: set[asyncio.Task[bool]] = set()
    undone, more = 0, True
    try:
        while more or running:
            if more:
                free = concurrent_max - len(running)
                taken = await take(free)
                more = len(taken) == free
                running |= {asyncio.create_task(work(one)) for one in taken}
            if running:
                ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                undone += [task.result() for task in ended].count(False)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return undone
