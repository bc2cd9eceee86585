"""Items that one worker has in hand, counted by lane: a slow provider fills its own lane, and no other."""

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

BEGUN_MAX: Final = 128
"""A lane with this many items in hand is full: no more items are claimed for the lane."""

Lane = TypeVar("Lane")


class Lanes(Generic[Lane]):
    """The items that were begun and have not ended."""

    def __init__(self) -> None:
        self._begun: dict[UUID, asyncio.Task[object]] = {}
        self._begun_in: Counter[Lane] = Counter()

    def begin(self, item_id: UUID, lane: Lane, work: Coroutine[Any, Any, object]) -> None:
        """Run `work`, which raises nothing, in the background."""
        task = asyncio.create_task(work)
        self._begun[item_id] = task
        self._begun_in[lane] += 1

        def ended(_: asyncio.Task[object]) -> None:
            del self._begun[item_id]
            self._begun_in[lane] -= 1

        task.add_done_callback(ended)

    @property
    def in_hand(self) -> Collection[UUID]:
        return self._begun.keys()

    @property
    def full(self) -> list[Lane]:
        return [lane for lane, begun in self._begun_in.items() if begun >= BEGUN_MAX]

    async def settle(self) -> None:
        """Wait until no item is left."""
        while self._begun:
            await asyncio.gather(*self._begun.values())

    async def aclose(self) -> None:
        """Cancel the work under way."""
        tasks = list(self._begun.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
