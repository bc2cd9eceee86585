"""Work waits for wake-ups, and polls where a wake-up may have been missed."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

FALLBACK_S: Final = 30.0
"""The longest pause of work that wake-ups are relied upon for."""


class Wakeups:
    """The wake-ups of one kind of work in one process.

    A waiter names the count that it read before its last look: a wake-up between the look and the wait ends the wait.
    Until wake-ups are relied upon, and where they no longer are, every waiter polls.
    """

    def __init__(self, upon: "Wakeups | None" = None) -> None:
        """These wake-ups are relied upon only while those of `upon`, if given, are too."""
        self._upon = upon
        self._relied_until = -math.inf
        self._changed = asyncio.Event()
        self._following: list[Wakeups] = []
        self.count = 0

    @property
    def relied_until(self) -> float:
        """The time, by the event loop's clock, until which every wake-up arrives; a past time while some may not."""
        return self._relied_until if self._upon is None else min(self._relied_until, self._upon.relied_until)

    @property
    def are_reliable(self) -> bool:
        return asyncio.get_running_loop().time() < self.relied_until

    def wake(self) -> None:
        """End all waits."""
        self.count += 1
        self._notify()
        for each in self._following:
            each.wake()

    def wake_too(self, other: "Wakeups") -> None:
        """Have each of these wake-ups wake the waiters of `other`."""
        self._following.append(other)

    def rely(self, until: float = math.inf) -> None:
        """Rely on wake-ups until then. Where they were not relied upon, one may have been missed: all waits end."""
        was_reliable = self.are_reliable
        self._relied_until = until
        if not was_reliable:
            self.wake()

    def distrust(self) -> None:
        """Rely on wake-ups no longer: waiters poll from now on."""
        self._relied_until = -math.inf
        self._notify()

    async def wait(self, *, since: int, poll_s: float = 0.0, within_s: float = FALLBACK_S) -> None:
        """Wait for a wake-up after number `since`: `within_s` seconds at most, and `poll_s` seconds while wake-ups are
        not relied upon."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        while self.count == since:
            # Read anew each time: the reliance may have been extended, or ended.
            end = begun + min(within_s, max(poll_s, self.relied_until - begun))
            if clock() >= end:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def repeatedly(work: Callable[[], Awaitable[float]], *, wakeups: Wakeups, poll_s: float) -> None:
    """Run `work` for ever: `poll_s` seconds after a run, and later where wake-ups are relied upon. `work` returns the
    seconds until something is due of which no wake-up tells."""
    while True:
        since = wakeups.count
        idle_s = await work()
        await asyncio.sleep(poll_s)
        await wakeups.wait(since=since, within_s=min(idle_s, FALLBACK_S) - poll_s)


async def when_due(idle_s: Callable[[], Awaitable[float]], work: Callable[[], Awaitable[object]]) -> float:
    """Run `work` where something is due by `idle_s`; the seconds until something is due."""
    left_s = await idle_s()
    if left_s > 0:
        return left_s
    await work()
    return 0.0
