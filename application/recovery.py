"""No operation stays without an outcome: those we lost sight of are looked up, at once and again at every start."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from application.operation import Operations
from application.store import EventStore, StoreUnavailable, UnresolvedOperation
from domain.history import Cause

CONCURRENT_MAX = 16
FIRST_DELAY_S = 0.1
DELAY_S_MAX = 10.0
SOON_TRIES_MAX = 8
"""After these the periodic sweep goes on with it."""

log = logging.getLogger(__name__)


class Recovery:
    """Resolves operations whose outcome is unknown."""

    def __init__(
        self,
        *,
        store: EventStore,
        operations: Operations,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._operations = operations
        self._now = now
        self._new_id = new_id
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, operation: UnresolvedOperation) -> None:
        """Resolve `operation` in the background, with growing pauses."""
        task = asyncio.create_task(self._try_repeatedly(operation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self, *, older_than_s: float) -> int:
        """Try every operation claimed that long ago once; the number of those still unresolved.

        Raises StoreUnavailable.
        """
        before = self._now() - timedelta(seconds=older_than_s)
        operations = await self._store.unresolved(claimed_before=before)
        slots = asyncio.Semaphore(CONCURRENT_MAX)

        async def try_in_turn(operation: UnresolvedOperation) -> bool:
            async with slots:
                return await self._try(operation)

        return (await asyncio.gather(*map(try_in_turn, operations))).count(False)

    async def aclose(self) -> None:
        """Give up what is under way: the next start finds it again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _try_repeatedly(self, operation: UnresolvedOperation) -> None:
        delay_s = FIRST_DELAY_S
        for _ in range(SOON_TRIES_MAX):
            await asyncio.sleep(delay_s)
            if await self._try(operation):
                return
            delay_s = min(delay_s * 2, DELAY_S_MAX)

    async def _try(self, operation: UnresolvedOperation) -> bool:
        request_id = str(self._new_id())
        cause = Cause(
            actor="worker:recovery",
            request_id=request_id,
            trace_id=request_id.replace("-", ""),
            causation_id=f"operation:{operation.operation_id}",
        )
        try:
            resolved = await self._operations.resolve(operation, cause)
        except StoreUnavailable:
            return False
        except Exception:
            log.exception("recovery_failed", extra={"operation_id": str(operation.operation_id)})
            return False
        said = "operation_resolved" if resolved else "operation_still_unknown"
        log.info(said, extra={"operation_id": str(operation.operation_id)})
        return resolved
