"""No operation stays without an outcome: those we lost sight of are looked up, at once, at every start, and with
growing pauses for as long as it takes, while an operator is told of those that stay in doubt."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from application.dead_letter.sink import DeadLetterSink
from application.payment.in_doubt import Doubt, doubt_of
from application.payment.loaded import load
from application.payment.operation import Operations, provider_of
from application.payment.operation_queue import OperationQueue, UnresolvedOperation
from application.work.backoff import LONGEST_S, Backoff
from application.work.bulkhead import Bulkhead, BulkheadFull
from application.work.worker_pool import work_on_all
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import OperationId, ProviderName
from domain.payment.state import InFlight

CONCURRENT_MAX = 64
"""Some of them at each provider, so that several may hang before the others are kept waiting."""
TOLD_OF_MAX = 100
BACKOFF = Backoff(first_s=1.0, longest_s=LONGEST_S)
LEASE_S = 30.0
"""For one try: a look-up and a repeat, each up to the provider's time-out. Whoever is slower may be overtaken, which
costs a request and has no other effect."""
FIRST_DELAY_S = 0.1
DELAY_S_MAX = 10.0
SOON_TRIES_MAX = 8
"""After these the periodic sweep goes on with it."""
OUTCOME_KNOWN = "its outcome is known"

log = logging.getLogger(__name__)


class Recovery:
    """Resolves operations whose outcome is unknown. Any number of workers share them."""

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
        task = asyncio.create_task(self._try_repeatedly(operation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self, *, older_than_s: float) -> int:
        """Try every operation that was claimed that long ago and is due; the number of tries in vain.

        Does not end while a provider hangs: what comes due meanwhile is tried too. Raises StoreUnavailable.
        """

        async def take(operations_max: int) -> Sequence[UnresolvedOperation]:
            now = self._now()
            return await self._queue.claim(
                claimed_before=now - timedelta(seconds=older_than_s),
                now=now,
                lease=self._lease,
                operations_max=operations_max,
            )

        return await work_on_all(take, self._try_and_put_off, concurrent_max=CONCURRENT_MAX)

    async def tell_of_ends(self) -> None:
        """Resolve the letters of what has an outcome by now: recovery's, a webhook's, or an operator's.

        Raises StoreUnavailable.
        """
        for operation_id in await self._queue.resolved_after_alert(
            now=self._now(), lease=self._lease, operations_max=TOLD_OF_MAX
        ):
            cause = self._cause(operation_id)
            await self._letters.resolved(
                kind=DeadLetterKind.COMMAND, subject=str(operation_id), outcome=OUTCOME_KNOWN, cause=cause
            )
            await self._queue.alert_over(operation_id)

    async def aclose(self) -> None:
        """Give up what is under way: the next start finds it again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _try_repeatedly(self, operation: UnresolvedOperation) -> None:
        delay_s = FIRST_DELAY_S
        for _ in range(SOON_TRIES_MAX):
            await asyncio.sleep(delay_s)
            with suppress(BulkheadFull, StoreUnavailable):
                if await self._try_unless_taken(operation):
                    return
            delay_s = min(delay_s * 2, DELAY_S_MAX)

    async def _try_unless_taken(self, operation: UnresolvedOperation) -> bool:
        """Whether it has its outcome. Raises BulkheadFull, StoreUnavailable."""
        now = self._now()
        if await self._queue.claim_one(operation.operation_id, now=now, lease=self._lease) is not None:
            return False
        try:
            return await self._try(operation)
        finally:
            await self._queue.release(operation.operation_id, until=now + self._lease)

    async def _try_and_put_off(self, operation: UnresolvedOperation) -> bool:
        try:
            if await self._try(operation):
                return True
            await self._put_off(operation)
        except BulkheadFull:
            await self._put_off_untried(operation)
        except StoreUnavailable:
            pass
        except Exception:
            log.exception("recovery_failed", extra={"operation_id": str(operation.operation_id)})
        # What could not be put off is due again when the lease has run out.
        return False

    async def _put_off_untried(self, operation: UnresolvedOperation) -> None:
        pause = self._backoff.longest * (1 - self._spread() / 2)
        with suppress(StoreUnavailable):
            await self._queue.put_back(
                operation.operation_id, until=self._now() + pause, attempts=operation.attempts - 1
            )

    async def _put_off(self, operation: UnresolvedOperation) -> None:
        doubt = doubt_of(operation.payment_id, await self._store.history(operation.payment_id))
        if doubt is None or not doubt.in_doubt:
            pause = self._backoff.pause(operation.attempts, self._spread())
            await self._queue.put_back(operation.operation_id, until=self._now() + pause)
        # Told again by the first try after an operator had it retried, should that be in vain.
        elif not operation.alerted or operation.attempts == 1:
            await self._tell(operation, doubt)
        else:
            await self._queue.put_back(operation.operation_id, until=self._now() + self._backoff.longest)

    async def _tell(self, operation: UnresolvedOperation, doubt: Doubt) -> None:
        """Marked before and after: whoever settles it meanwhile, and whenever we die, the letter comes to its end.
        Whoever takes over with no tries counted tells again."""
        id = operation.operation_id
        if not await self._queue.put_back(id, until=self._now() + self._lease, alerted=True, attempts=0):
            return
        await self._letters.record(
            kind=DeadLetterKind.COMMAND,
            subject=str(id),
            merchant_id=doubt.merchant_id,
            payment_id=doubt.payment_id,
            provider=doubt.provider,
            reason=doubt.reason,
            cause=self._cause(id),
        )
        await self._queue.put_back(
            id, until=self._now() + self._backoff.longest, alerted=True, attempts=operation.attempts
        )

    async def _try(self, operation: UnresolvedOperation) -> bool:
        """Whether it has its outcome. Raises BulkheadFull."""
        try:
            async with self._bulkhead.at(await self._whom_to_ask(operation)):
                resolved = await self._operations.resolve(operation, self._cause(operation.operation_id))
        except BulkheadFull:
            raise
        except StoreUnavailable:
            return False
        except Exception:
            log.exception("recovery_failed", extra={"operation_id": str(operation.operation_id)})
            return False
        said = "operation_resolved" if resolved else "operation_still_unknown"
        log.info(said, extra={"operation_id": str(operation.operation_id)})
        return resolved

    async def _whom_to_ask(self, operation: UnresolvedOperation) -> ProviderName | None:
        payment = (await load(self._store, operation.payment_id)).payment
        return provider_of(payment) if isinstance(payment, InFlight) else None

    def _cause(self, operation_id: OperationId) -> Cause:
        return worker_cause("recovery", self._new_id, about=f"operation:{operation_id}")


class OperationRetrier:
    """Implements application.dead_letter.commands.Retrier."""

    def __init__(self, queue: OperationQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now

    async def retry(self, subject: str, cause: Cause) -> str | None:
        """Have the operation that an operator was told of tried by the next sweep, and them told what came of it."""
        if not await self._queue.make_due(OperationId(UUID(subject)), now=self._now()):
            return OUTCOME_KNOWN
        log.info("operation_to_be_tried", extra={"operation_id": subject, "actor": cause.actor})
        return None
