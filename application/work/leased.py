"""A leased queue gives each due item to one worker at a time; one runner attempts, backs off, alerts and resolves."""

# Attempts repeat until one succeeds, so every effect of an attempt has to be idempotent: a worker may die, or lose its
# lease, at any point, and another worker begins again.

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import timedelta
from typing import Generic, Protocol, TypeVar, assert_never

from msgspec import Struct

from application.work.backoff import DOUBLINGS_MAX, Backoff
from application.work.bulkhead import Bulkhead, BulkheadFull
from application.work.worker_pool import work_on_all

CONCURRENT_MAX = 64
"""The items that a sweep works on at once. Each lane has a few of them, so that several lanes may hang before the
others have to wait."""


class Leased(Protocol):
    """An item, as it was claimed."""

    @property
    def attempts(self) -> int:
        """The failed attempts, and the present one."""
        ...

    @property
    def alerted(self) -> bool:
        """Whether an operator may have been alerted to the item, and not yet told of its end."""
        ...


Item = TypeVar("Item", bound=Leased)
Handled = TypeVar("Handled", bound=Leased, contravariant=True)


class LeasedQueue(Protocol[Item]):
    """Items that many workers share. Every method may raise StoreUnavailable: the item is due when its lease ends."""

    async def claim(self, items_max: int, /) -> Sequence[Item]:
        """Up to `items_max` due items, which no other worker is given before their leases end; fewer only where no
        more are due."""
        ...

    async def hold(self, item: Item, /, *, alerting: bool) -> Item | None:
        """The item under a fresh lease; None where the item is over, or another worker has claimed it.

        `alerting` is noted before an alert is written: the worker that ends the item knows that there may be one, and
        a worker whose attempt fails, should this one die, alerts again.
        """
        ...

    async def put_back(self, item: Item, reason: str, /, *, pause: timedelta, attempts: int | None = None) -> bool:
        """End the lease, for `reason`: the item is due again after `pause`. False where the item is over.

        `attempts` are counted from there on; where none are given, the item's own.
        """
        ...

    async def resolve(self, item: Item, result: str, /) -> None:
        """End the item: no worker is given it again."""
        ...


class Resolved(Struct, frozen=True):
    """The item is over."""

    result: str


class NotDue(Struct, frozen=True):
    """The item is not due before `pause` has passed. No attempt failed: counting begins anew."""

    pause: timedelta


class Postponed(Struct, frozen=True):
    """There was no attempt, for a reason that is not the item's: none is counted."""

    pause: timedelta
    reason: str = ""


class AttemptFailed(Struct, frozen=True, kw_only=True):
    """The attempt failed, and another follows: after `pause`, or by the back-off where that is None.

    `alerts` is False where an operator is not to be alerted yet, however many attempts have failed.
    """

    reason: str
    pause: timedelta | None = None
    alerts: bool = True


class GiveUp(Struct, frozen=True):
    """No attempt can succeed: an operator is alerted at once."""

    reason: str


Outcome = Resolved | NotDue | Postponed | AttemptFailed | GiveUp


class Handler(Protocol[Handled]):
    """The work on one kind of item."""

    async def lane_of(self, item: Handled, /) -> Hashable | None:
        """The provider or endpoint that the attempt will call; None where it calls none."""
        ...

    async def attempt(self, item: Handled, /) -> Outcome: ...

    def failed(self, item: Handled, error: Exception, /) -> Outcome | None:
        """Log that the attempt raised `error`; the outcome, or None to leave the item to its lease."""
        ...

    def unsettled(self, item: Handled, error: Exception, /) -> Outcome | None:
        """Log that the outcome could not be written down for `error`; as `failed`."""
        ...

    async def alert(self, item: Handled, reason: str, /) -> None:
        """Alert an operator. May be repeated for the same item."""
        ...

    async def alert_over(self, item: Handled, result: str, /) -> None:
        """Tell the operator that the item is over. May be repeated, and come without an alert."""
        ...


class LeasedRunner(Generic[Item]):
    """Attempts items and writes down the outcomes. A failing item never stops the others."""

    def __init__(
        self,
        *,
        queue: LeasedQueue[Item],
        handler: Handler[Item],
        backoff: Backoff,
        alert_after: int,
        bulkhead: Bulkhead,
        spread: Callable[[], float] = random.random,
        renew_after_s: float | None = None,
        give_up: Callable[[Item, str], Awaitable[None]] | None = None,
    ) -> None:
        """An operator is alerted by the `alert_after`th failed attempt, which ends the item by `give_up` where there is
        one; otherwise attempts go on. An item that has waited in its lane for `renew_after_s` gets a fresh lease, if
        that is given."""
        self._queue = queue
        self._handler = handler
        self._backoff = backoff
        self._alert_after = alert_after
        self._bulkhead = bulkhead
        self._spread = spread
        self._renew_after_s = renew_after_s
        self._give_up = give_up
        self._clock = asyncio.get_running_loop().time

    async def sweep(self) -> int:
        """Work on every due item; the number of attempts that resolved nothing.

        Does not end while a provider hangs: items that come due meanwhile are worked on. Raises StoreUnavailable.
        """
        return await work_on_all(self._queue.claim, self.work_on, concurrent_max=CONCURRENT_MAX)

    async def work_on(self, item: Item, *, claimed_at: float | None = None) -> bool:
        """Attempt the item in its lane and write down the outcome; whether it is resolved. Raises nothing.

        `claimed_at` is by the event loop's clock; now, where it is not given.
        """
        claimed_at = self._clock() if claimed_at is None else claimed_at
        try:
            held, outcome = await self._attempt(item, claimed_at)
            # Outside the lane: a slow store must not occupy the slots of a provider.
            return outcome is not None and await self.settle(held, outcome)
        except Exception as error:
            return await self._after(item, error)

    async def settle(self, item: Item, outcome: Outcome) -> bool:
        """Write down the outcome; whether the item is resolved."""
        match outcome:
            case Resolved(result=result):
                if item.alerted:
                    await self._handler.alert_over(item, result)
                await self._queue.resolve(item, result)
                return True
            case NotDue(pause=pause):
                await self._queue.put_back(item, "", pause=pause, attempts=0)
            case Postponed(pause=pause, reason=reason):
                await self._queue.put_back(item, reason, pause=pause, attempts=item.attempts - 1)
            case AttemptFailed(reason=reason) if not self.involves_operator(item, outcome):
                await self._queue.put_back(item, reason, pause=self._pause(item, outcome))
            case AttemptFailed() | GiveUp():
                return await self._alert(item, outcome)
            case _:
                assert_never(outcome)
        return False

    def involves_operator(self, item: Item, outcome: Outcome) -> bool:
        """Whether settling the outcome alerts an operator, or tells of an alert's end.

        An item whose retry an operator has asked for, and which `hold` marked as alerted before a worker died, is one
        attempt short of an alert: its next failed attempt alerts again.
        """
        match outcome:
            case Resolved():
                return item.alerted
            case GiveUp():
                return True
            case AttemptFailed(alerts=True) if item.attempts >= self._alert_after:
                return self._give_up is not None or not item.alerted or item.attempts == self._alert_after
            case _:
                return False

    async def _attempt(self, item: Item, claimed_at: float) -> tuple[Item, Outcome | None]:
        """The item with its present lease, and the outcome of the attempt; None to leave the item to its lease."""
        held = item
        try:
            async with self._bulkhead.at(await self._handler.lane_of(item)):
                if self._renew_after_s is not None and self._clock() - claimed_at >= self._renew_after_s:
                    renewed = await self._queue.hold(item, alerting=False)
                    if renewed is None:
                        return item, None
                    held = renewed
                return held, await self._handler.attempt(held)
        except BulkheadFull as full:
            # Behind others in a lane that moves, the item is next before long.
            tries = DOUBLINGS_MAX if full.hangs else 1
            return item, Postponed(self._backoff.pause(tries, self._spread()))
        except Exception as error:
            return held, self._handler.failed(held, error)

    async def _after(self, item: Item, error: Exception) -> bool:
        outcome = self._handler.unsettled(item, error)
        try:
            return outcome is not None and await self.settle(item, outcome)
        except Exception as again:
            self._handler.unsettled(item, again)
            return False

    async def _alert(self, item: Item, outcome: AttemptFailed | GiveUp) -> bool:
        held = await self._queue.hold(item, alerting=True)
        if held is None:
            return False
        await self._handler.alert(held, outcome.reason)
        if self._give_up is not None:
            await self._give_up(held, outcome.reason)
            return False
        pause = self._pause(item, outcome)
        if await self._queue.put_back(held, outcome.reason, pause=pause, attempts=item.attempts):
            return False
        return await self.settle(held, Resolved("it ended while an operator was being alerted"))

    def _pause(self, item: Item, outcome: AttemptFailed | GiveUp) -> timedelta:
        if isinstance(outcome, AttemptFailed) and outcome.pause is not None:
            return outcome.pause
        return self._backoff.pause(item.attempts, self._spread())
