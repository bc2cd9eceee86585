"""Timers fire once in effect, however many workers there are: each is decided on its payment's own state."""

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from application.dead_letter.sink import DeadLetterSink
from application.payment.customer_action import CustomerActions
from application.payment.expiry import expire_authorization
from application.payment.loaded import load
from application.payment.operation import Operations, provider_of
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.work.backoff import LONGEST_S, Backoff
from application.work.bulkhead import Bulkhead, BulkheadFull
from application.work.worker_pool import work_on_all
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.dead_letter.events import DeadLetterKind
from domain.errors import described
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.payment.state import RequiresAction
from domain.payment.timer import LOOKS_APART_MAX, TimerKind

CONCURRENT_MAX = 64
"""Some of them at each provider, so that several may hang before the others are kept waiting."""
REFRESH_EVERY = timedelta(seconds=5)
BACKOFF = Backoff(first_s=1.0, longest_s=LONGEST_S)
LEASE_S = 45.0
"""For one try: a look-up, letting go, and another look-up, each up to the provider's time-out."""
TRIES_MAX = 10
"""After so many in vain an operator is told; it is tried on, at the longest pause."""

TIMER_OVER = "it fired, or is needed no more"

log = logging.getLogger(__name__)


class DueTimer(Struct, frozen=True, kw_only=True):
    """`tries` counts those in vain and the one that is on; `told` says whether an operator knows of it."""

    payment_id: PaymentId
    kind: TimerKind
    due_at: datetime
    tries: int
    told: bool


class TimerQueue(Protocol):
    """The timers that are due, shared by all workers. Every method raises StoreUnavailable."""

    async def refresh(self, *, now: datetime) -> None:
        """Take in those that have come due, and drop those that have fired and are known no more."""
        ...

    async def take(self, *, now: datetime, lease: timedelta, timers_max: int) -> Sequence[DueTimer]:
        """Some that are to be tried now, which nobody else is given before the lease has run out."""
        ...

    async def fired(self, timer: DueTimer) -> None:
        """It is over, and not to be tried again."""
        ...

    async def put_off(self, timer: DueTimer, *, until: datetime) -> bool:
        """It is not to be tried before then; its `tries` and `told` are as `timer` has them. False where it is over
        already."""
        ...


class Timers:
    """Fires what is due."""

    def __init__(
        self,
        *,
        store: EventStore,
        queue: TimerQueue,
        operations: Operations,
        letters: DeadLetterSink,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        backoff: Backoff = BACKOFF,
        lease_s: float = LEASE_S,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._queue = queue
        self._actions = CustomerActions(store=store, operations=operations, now=now)
        self._letters = letters
        self._now = now
        self._new_id = new_id
        self._backoff = backoff
        self._lease = timedelta(seconds=lease_s)
        self._spread = spread
        self._bulkhead = Bulkhead()

    async def sweep(self) -> int:
        """Fire every timer that is due; the number of tries after which there has to be another.

        Does not end while a provider hangs: what comes due meanwhile is fired too. Raises StoreUnavailable.
        """
        refresh_at = self._now()

        async def take(timers_max: int) -> Sequence[DueTimer]:
            nonlocal refresh_at
            now = self._now()
            if now >= refresh_at:
                await self._queue.refresh(now=now)
                refresh_at = now + REFRESH_EVERY
            return await self._queue.take(now=now, lease=self._lease, timers_max=timers_max)

        return await work_on_all(take, self._try, concurrent_max=CONCURRENT_MAX)

    async def fire(self, payment_id: PaymentId, kind: TimerKind, cause: Cause) -> TimerOutcome:
        """Fire one now, whoever asks for it; if it is not time or not needed, that has no effect.

        Raises PaymentNotFound, StoreUnavailable.
        """
        match kind:
            case TimerKind.AUTHORIZATION:
                return await expire_authorization(self._store, payment_id, cause, self._now)
            case TimerKind.CUSTOMER_ACTION:
                return await self._actions.follow(payment_id, cause)
            case _:
                assert_never(kind)

    async def _try(self, timer: DueTimer) -> bool:
        try:
            return await self._fire_and_note(timer)
        except StoreUnavailable:
            pass
        except Exception:
            log.exception("timer_failed", extra=_named(timer))
        # What could not be noted is due again when the lease has run out.
        return False

    async def _fire_and_note(self, timer: DueTimer) -> bool:
        cause = self._cause(timer)
        try:
            async with self._bulkhead.at(await self._whom_to_ask(timer)):
                firing = await self.fire(timer.payment_id, timer.kind, cause)
        except BulkheadFull:
            pause = self._backoff.longest * (1 - self._spread() / 2)
            await self._queue.put_off(replace(timer, tries=timer.tries - 1), until=self._now() + pause)
            return False
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("timer_failed", extra=_named(timer))
            firing = Failed(described(error))
        match firing:
            case Fired() | NothingToDo():
                if timer.told:
                    await self._tell_of_end(timer, cause)
                await self._queue.fired(timer)
                return True
            case Waits(until=until):
                # Looked at again before long, however far ahead that is: the clock may be set.
                until = min(until, self._now() + LOOKS_APART_MAX)
                await self._queue.put_off(replace(timer, tries=0), until=until)
            case Failed(reason=reason):
                await self._put_off(timer, reason, cause)
            case _:
                assert_never(firing)
        return False

    async def _whom_to_ask(self, timer: DueTimer) -> ProviderName | None:
        match timer.kind:
            case TimerKind.AUTHORIZATION:
                return None
            case TimerKind.CUSTOMER_ACTION:
                payment = (await load(self._store, timer.payment_id)).payment
                return provider_of(payment) if isinstance(payment, RequiresAction) else None
            case _:
                assert_never(timer.kind)

    async def _put_off(self, timer: DueTimer, reason: str, cause: Cause) -> None:
        log.info("timer_to_be_tried_again", extra={**_named(timer), "reason": reason})
        # Told again by the first try after an operator had it retried, should that be in vain.
        telling = timer.tries == TRIES_MAX or (timer.tries > TRIES_MAX and not timer.told)
        if telling:
            # Before the letter is there: whoever ends the timer, should we die, knows that there may be one; whoever
            # tries it in vain tells again.
            marked = replace(timer, told=True, tries=TRIES_MAX - 1)
            if not await self._queue.put_off(marked, until=self._now() + self._lease):
                return
            await self._tell(timer, reason, cause)
        until = self._now() + self._backoff.pause(timer.tries, self._spread())
        waits = await self._queue.put_off(replace(timer, told=timer.told or telling), until=until)
        if telling and not waits:
            await self._tell_of_end(timer, cause)

    async def _tell(self, timer: DueTimer, reason: str, cause: Cause) -> None:
        loaded = await load(self._store, timer.payment_id)
        payment = loaded.payment
        await self._letters.record(
            kind=DeadLetterKind.TIMER,
            subject=_subject(timer),
            merchant_id=loaded.merchant_id,
            payment_id=timer.payment_id,
            provider=provider_of(payment) if isinstance(payment, RequiresAction) else None,
            reason=reason,
            cause=cause,
        )

    async def _tell_of_end(self, timer: DueTimer, cause: Cause) -> None:
        await self._letters.resolved(
            kind=DeadLetterKind.TIMER, subject=_subject(timer), outcome=TIMER_OVER, cause=cause
        )

    def _cause(self, timer: DueTimer) -> Cause:
        return worker_cause("timers", self._new_id, about=f"timer:{timer.kind}")


def _subject(timer: DueTimer) -> str:
    return f"{timer.kind}:{timer.payment_id}"


def _named(timer: DueTimer) -> dict[str, str]:
    return {"timer": timer.kind, "payment_id": str(timer.payment_id)}


class TimerRetrier:
    """Implements application.dead_letter.commands.Retrier."""

    def __init__(self, queue: TimerQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now

    async def retry(self, subject: str, cause: Cause) -> str | None:
        """Have the timer that an operator was told of tried by the next sweep, and them told what came of it."""
        kind, payment_id = subject.split(":")
        timer = DueTimer(
            payment_id=PaymentId(UUID(payment_id)),
            kind=TimerKind(kind),
            due_at=self._now(),
            tries=TRIES_MAX - 1,
            told=True,
        )
        if not await self._queue.put_off(timer, until=self._now()):
            return TIMER_OVER
        log.info("timer_to_be_tried", extra={**_named(timer), "actor": cause.actor})
        return None
