"""No operation stays without an outcome: recovery asks the provider at once, at every start, and with growing pauses
for as long as it takes, and alerts an operator to operations that stay in doubt."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from application.dead_letter.sink import DeadLetterSink
from application.payment.in_doubt import doubt_of
from application.payment.loaded import load
from application.payment.operation import Operations
from application.payment.operation_queue import OperationQueue, UnresolvedOperation
from application.work.backoff import LONGEST_S, Backoff
from application.work.bulkhead import Bulkhead, BulkheadFull
from application.work.leased import AttemptFailed, LeasedRunner, Outcome, Resolved
from application.work.wakeups import FALLBACK_S
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import OperationId, ProviderName
from domain.payment.operation import provider_of
from domain.payment.state import InFlight

ALERTS_MAX = 100
"""Ended at a time."""
BACKOFF = Backoff(first_s=1.0, longest_s=LONGEST_S)
LEASE_S = 30.0
"""For one attempt: a look-up and a repeat, each up to the provider's time-out. A worker that is slower may be
overtaken, which costs a request and has no other effect."""
FIRST_DELAY_S = 0.1
DELAY_S_MAX = 10.0
SOON_ATTEMPTS_MAX = 8
"""After these the periodic sweep goes on with the operation."""
OUTCOME_KNOWN = "its outcome is known"

log = logging.getLogger(__name__)


class Recovery:
    """Resolves operations whose outcome is unknown. Any number of workers share them.

    Implements application.work.leased.Handler.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        queue: OperationQueue,
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
        self._operations = operations
        self._letters = letters
        self._now = now
        self._new_id = new_id
        self._backoff = backoff
        self._lease = timedelta(seconds=lease_s)
        self._spread = spread
        self._bulkhead = Bulkhead()
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, operation: UnresolvedOperation) -> None:
        """Resolve `operation` in the background, with growing pauses."""
        task = asyncio.create_task(self._attempt_repeatedly(operation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self, *, older_than_s: float) -> int:
        """Attempt every operation that was started that long ago and is due; the number of attempts in vain.

        Does not end while a provider hangs: operations that come due meanwhile are attempted. Raises StoreUnavailable.
        """
        runner = LeasedRunner(
            queue=_LeasedOperations(
                self._queue, now=self._now, lease=self._lease, older_than=timedelta(seconds=older_than_s)
            ),
            handler=self,
            backoff=self._backoff,
            alert_after=1,  # The payment says how long the provider is asked first.
            bulkhead=self._bulkhead,
            spread=self._spread,
        )
        return await runner.sweep()

    async def idle_s(self, *, older_than_s: float) -> float:
        """The seconds until `sweep` has something to do, unless an operation is made due before. Raises
        StoreUnavailable."""
        now = self._now()
        due = await self._queue.next_due(now=now, older_than=timedelta(seconds=older_than_s), lease=self._lease)
        # One that starts from now on is not due before.
        return older_than_s if due is None else min(older_than_s, (due - now).total_seconds())

    async def letters_idle_s(self) -> float:
        """The seconds until `end_alerts` has something to do, unless the store grows before. Raises
        StoreUnavailable."""
        return 0.0 if await self._queue.has_alerted() else FALLBACK_S

    async def end_alerts(self) -> None:
        """Resolve the letters of operations that have an outcome by now: recovery's, a webhook's, or an operator's.

        Raises StoreUnavailable.
        """
        for operation_id in await self._queue.resolved_after_alert(
            now=self._now(), lease=self._lease, operations_max=ALERTS_MAX
        ):
            await self._end_alert(operation_id)
            await self._queue.alert_over(operation_id)

    async def aclose(self) -> None:
        """Give up the attempts under way: the next start finds their operations again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def lane_of(self, operation: UnresolvedOperation) -> ProviderName | None:
        payment = (await load(self._store, operation.payment_id)).payment
        return provider_of(payment) if isinstance(payment, InFlight) else None

    async def attempt(self, operation: UnresolvedOperation) -> Outcome:
        if await self._resolve(operation):
            return Resolved(OUTCOME_KNOWN)
        doubt = doubt_of(operation.payment_id, await self._store.history(operation.payment_id))
        if doubt is None or not doubt.in_doubt:
            return AttemptFailed(reason="its outcome is unknown", alerts=False)
        return AttemptFailed(reason=doubt.reason, pause=self._backoff.longest)

    def failed(self, operation: UnresolvedOperation, error: Exception) -> Outcome | None:
        if isinstance(error, StoreUnavailable):
            return AttemptFailed(reason=str(error), alerts=False)
        self.unsettled(operation, error)
        return None

    def unsettled(self, operation: UnresolvedOperation, error: Exception) -> None:
        if not isinstance(error, StoreUnavailable):
            log.exception("recovery_failed", extra=_named(operation))

    async def alert(self, operation: UnresolvedOperation, reason: str) -> None:
        payment_id = operation.payment_id
        loaded = await load(self._store, payment_id)
        await self._letters.record(
            kind=DeadLetterKind.COMMAND,
            subject=str(operation.operation_id),
            merchant_id=loaded.merchant_id,
            payment_id=payment_id,
            provider=provider_of(loaded.payment) if isinstance(loaded.payment, InFlight) else None,
            reason=reason,
            cause=self._cause(operation.operation_id),
        )

    async def alert_over(self, operation: UnresolvedOperation, _result: str) -> None:
        await self._end_alert(operation.operation_id)

    async def _attempt_repeatedly(self, operation: UnresolvedOperation) -> None:
        delay_s = FIRST_DELAY_S
        for _ in range(SOON_ATTEMPTS_MAX):
            await asyncio.sleep(delay_s)
            try:
                if await self._attempt_unless_leased(operation):
                    return
            except BulkheadFull:
                pass
            except Exception as error:
                self.unsettled(operation, error)
            delay_s = min(delay_s * 2, DELAY_S_MAX)

    async def _attempt_unless_leased(self, operation: UnresolvedOperation) -> bool:
        """Whether the operation has its outcome. Raises BulkheadFull, StoreUnavailable."""
        now = self._now()
        if await self._queue.claim_one(operation.operation_id, now=now, lease=self._lease) is not None:
            return False
        try:
            async with self._bulkhead.at(await self.lane_of(operation)):
                return await self._resolve(operation)
        finally:
            await self._queue.release(operation.operation_id, until=now + self._lease)

    async def _resolve(self, operation: UnresolvedOperation) -> bool:
        """Whether the operation has its outcome. Raises StoreUnavailable."""
        try:
            resolved = await self._operations.resolve(operation, self._cause(operation.operation_id))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("recovery_failed", extra=_named(operation))
            return False
        log.info("operation_resolved" if resolved else "operation_still_unknown", extra=_named(operation))
        return resolved

    async def _end_alert(self, operation_id: OperationId) -> None:
        cause = self._cause(operation_id)
        await self._letters.resolved(
            kind=DeadLetterKind.COMMAND, subject=str(operation_id), outcome=OUTCOME_KNOWN, cause=cause
        )

    def _cause(self, operation_id: OperationId) -> Cause:
        return worker_cause("recovery", self._new_id, about=f"operation:{operation_id}")


class _LeasedOperations:
    """Implements application.work.leased.LeasedQueue for operations that were started `older_than` ago."""

    def __init__(
        self, queue: OperationQueue, *, now: Callable[[], datetime], lease: timedelta, older_than: timedelta
    ) -> None:
        self._queue = queue
        self._now = now
        self._lease = lease
        self._older_than = older_than

    async def claim(self, items_max: int) -> Sequence[UnresolvedOperation]:
        now = self._now()
        return await self._queue.claim(
            claimed_before=now - self._older_than, now=now, lease=self._lease, operations_max=items_max
        )

    async def hold(self, item: UnresolvedOperation, *, alerting: bool) -> UnresolvedOperation | None:
        held = replace(item, alerted=item.alerted or alerting)
        attempts = 0 if alerting else None
        return held if await self.put_back(held, "", pause=self._lease, attempts=attempts) else None

    async def put_back(
        self, item: UnresolvedOperation, _reason: str, *, pause: timedelta, attempts: int | None = None
    ) -> bool:
        # An operator may have had the operation made due meanwhile, which counts anew: what is counted then stays.
        return await self._queue.put_back(
            item.operation_id, until=self._now() + pause, alerted=item.alerted, attempts=attempts
        )

    async def resolve(self, item: UnresolvedOperation, _result: str) -> None:
        if item.alerted:
            await self._queue.alert_over(item.operation_id)


class OperationRetrier:
    """Implements application.dead_letter.commands.Retrier."""

    def __init__(self, queue: OperationQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now

    async def retry(self, subject: str, cause: Cause) -> str | None:
        """Have the operation of the alert attempted by the next sweep, and the operator alerted again if in vain."""
        if not await self._queue.make_due(OperationId(UUID(subject)), now=self._now()):
            return OUTCOME_KNOWN
        log.info("operation_to_be_tried", extra={"operation_id": subject, "actor": cause.actor})
        return None


def _named(operation: UnresolvedOperation) -> dict[str, str]:
    return {"operation_id": str(operation.operation_id)}
