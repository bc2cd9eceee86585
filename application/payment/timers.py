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
from application.payment.operation import Operations
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.work.backoff import LONGEST_S, Backoff
from application.work.bulkhead import Bulkhead
from application.work.leased import AttemptFailed, LeasedRunner, NotDue, Outcome, Resolved
from application.work.wakeups import FALLBACK_S
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.dead_letter.events import DeadLetterKind
from domain.errors import described
from domain.history import Cause
from domain.identifiers import PaymentId, ProviderName
from domain.payment.operation import provider_of
from domain.payment.state import RequiresAction
from domain.payment.timer import LOOKS_APART_MAX, TimerKind

REFRESH_EVERY = timedelta(seconds=5)
BACKOFF = Backoff(first_s=1.0, longest_s=LONGEST_S)
LEASE_S = 45.0
"""For one attempt: a look-up, a cancellation, and another look-up, each up to the provider's time-out."""
ALERT_AFTER = 10
"""So many failed attempts alert an operator; attempts go on at the longest pause."""

TIMER_OVER = "it fired, or is needed no more"

log = logging.getLogger(__name__)


class DueTimer(Struct, frozen=True, kw_only=True):
    """A timer under its worker's lease.

    `attempts` counts the failed ones and the present one; `alerted` says whether an operator knows of the timer.
    """

    payment_id: PaymentId
    kind: TimerKind
    due_at: datetime
    attempts: int
    alerted: bool


class TimerQueue(Protocol):
    """The timers that are due, shared by all workers. Every method raises StoreUnavailable."""

    async def refresh(self, *, now: datetime) -> None:
        """Take in timers that have come due, and drop those that have fired and that the view shows no more."""
        ...

    async def next_due(self, *, now: datetime, lease: timedelta) -> datetime | None:
        """When `refresh` and `claim` have something to do, where the view does not change before; None for never."""
        ...

    async def claim(self, *, now: datetime, lease: timedelta, timers_max: int) -> Sequence[DueTimer]:
        """Due timers, longest due first, which no other worker is given before the lease has run out."""
        ...

    async def resolve(self, timer: DueTimer) -> None:
        """End the timer."""
        ...

    async def put_back(self, timer: DueTimer, *, until: datetime) -> bool:
        """End the lease: the timer is not due before `until`, with the `attempts` and `alerted` of `timer`. False where
        the timer has ended."""
        ...


class Timers:
    """Fires timers that are due. Implements application.work.leased.Handler."""

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
        """Fire every timer that is due; the number of attempts after which there has to be another.

        Does not end while a provider hangs: timers that come due meanwhile are fired too. Raises StoreUnavailable.
        """
        runner = LeasedRunner(
            queue=_LeasedTimers(self._queue, now=self._now, lease=self._lease),
            handler=self,
            backoff=self._backoff,
            alert_after=ALERT_AFTER,
            bulkhead=self._bulkhead,
            spread=self._spread,
        )
        return await runner.sweep()

    async def idle_s(self) -> float:
        """The seconds until `sweep` has something to do, unless the view changes before. Raises StoreUnavailable."""
        now = self._now()
        due = await self._queue.next_due(now=now, lease=self._lease)
        return FALLBACK_S if due is None else (due - now).total_seconds()

    async def fire(self, payment_id: PaymentId, kind: TimerKind, cause: Cause) -> TimerOutcome:
        """Fire one timer now; no effect where it is not due or not needed.

        Raises PaymentNotFound, StoreUnavailable.
        """
        match kind:
            case TimerKind.AUTHORIZATION:
                return await expire_authorization(self._store, payment_id, cause, self._now)
            case TimerKind.CUSTOMER_ACTION:
                return await self._actions.follow(payment_id, cause)
            case _:
                assert_never(kind)

    async def lane_of(self, timer: DueTimer) -> ProviderName | None:
        match timer.kind:
            case TimerKind.AUTHORIZATION:
                return None
            case TimerKind.CUSTOMER_ACTION:
                payment = (await load(self._store, timer.payment_id)).payment
                return provider_of(payment) if isinstance(payment, RequiresAction) else None
            case _:
                assert_never(timer.kind)

    async def attempt(self, timer: DueTimer) -> Outcome:
        outcome = await self.fire(timer.payment_id, timer.kind, self._cause(timer))
        match outcome:
            case Fired() | NothingToDo():
                return Resolved(TIMER_OVER)
            case Waits(until=until):
                # Looked at again before long, however far ahead that is: the clock may be set.
                return NotDue(min(until - self._now(), LOOKS_APART_MAX))
            case Failed(reason=reason):
                return _in_vain(timer, reason)
            case _:
                assert_never(outcome)

    def failed(self, timer: DueTimer, error: Exception) -> Outcome | None:
        if isinstance(error, StoreUnavailable):
            return None
        log.exception("timer_failed", extra=_named(timer))
        return _in_vain(timer, described(error))

    def unsettled(self, timer: DueTimer, error: Exception) -> None:
        if not isinstance(error, StoreUnavailable):
            log.exception("timer_failed", extra=_named(timer))

    async def alert(self, timer: DueTimer, reason: str) -> None:
        loaded = await load(self._store, timer.payment_id)
        payment = loaded.payment
        await self._letters.record(
            kind=DeadLetterKind.TIMER,
            subject=_subject(timer),
            merchant_id=loaded.merchant_id,
            payment_id=timer.payment_id,
            provider=provider_of(payment) if isinstance(payment, RequiresAction) else None,
            reason=reason,
            cause=self._cause(timer),
        )

    async def alert_over(self, timer: DueTimer, _result: str) -> None:
        await self._letters.resolved(
            kind=DeadLetterKind.TIMER, subject=_subject(timer), outcome=TIMER_OVER, cause=self._cause(timer)
        )

    def _cause(self, timer: DueTimer) -> Cause:
        return worker_cause("timers", self._new_id, about=f"timer:{timer.kind}")


class _LeasedTimers:
    """Implements application.work.leased.LeasedQueue; takes in timers as they come due during a sweep."""

    def __init__(self, queue: TimerQueue, *, now: Callable[[], datetime], lease: timedelta) -> None:
        self._queue = queue
        self._now = now
        self._lease = lease
        self._refresh_at = now()

    async def claim(self, items_max: int) -> Sequence[DueTimer]:
        now = self._now()
        if now >= self._refresh_at:
            await self._queue.refresh(now=now)
            self._refresh_at = now + REFRESH_EVERY
        return await self._queue.claim(now=now, lease=self._lease, timers_max=items_max)

    async def hold(self, item: DueTimer, *, alerting: bool) -> DueTimer | None:
        held = replace(item, alerted=item.alerted or alerting)
        attempts = ALERT_AFTER - 1 if alerting else None
        return held if await self.put_back(held, "", pause=self._lease, attempts=attempts) else None

    async def put_back(self, item: DueTimer, _reason: str, *, pause: timedelta, attempts: int | None = None) -> bool:
        counted = item if attempts is None else replace(item, attempts=attempts)
        return await self._queue.put_back(counted, until=self._now() + pause)

    async def resolve(self, item: DueTimer, _result: str) -> None:
        await self._queue.resolve(item)


class TimerRetrier:
    """Implements application.dead_letter.commands.Retrier."""

    def __init__(self, queue: TimerQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now

    async def retry(self, subject: str, cause: Cause) -> str | None:
        """Have the timer of the alert attempted by the next sweep, and the operator alerted again if in vain."""
        kind, payment_id = subject.split(":")
        timer = DueTimer(
            payment_id=PaymentId(UUID(payment_id)),
            kind=TimerKind(kind),
            due_at=self._now(),
            attempts=ALERT_AFTER - 1,
            alerted=True,
        )
        if not await self._queue.put_back(timer, until=self._now()):
            return TIMER_OVER
        log.info("timer_to_be_tried", extra={**_named(timer), "actor": cause.actor})
        return None


def _in_vain(timer: DueTimer, reason: str) -> AttemptFailed:
    log.info("timer_to_be_tried_again", extra={**_named(timer), "reason": reason})
    return AttemptFailed(reason=reason)


def _subject(timer: DueTimer) -> str:
    return f"{timer.kind}:{timer.payment_id}"


def _named(timer: DueTimer) -> dict[str, str]:
    return {"timer": timer.kind, "payment_id": str(timer.payment_id)}
