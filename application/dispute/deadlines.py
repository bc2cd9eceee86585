"""A dispute not answered in time is given up, and an answer that its provider has not confirmed is sent again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from application.dispute.commands import Disputes
from application.dispute.loaded import DisputeNotFound, load_dispute
from application.work.wakeups import FALLBACK_S
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.errors import DomainError
from domain.identifiers import DisputeCaseId

SWEEP_DISPUTES_MAX: Final = 100
CONCURRENT_MAX: Final = 8

log = logging.getLogger(__name__)


class DisputeAgenda(Protocol):
    """The port to the view of disputes, which may be behind the store. Every method raises StoreUnavailable."""

    async def due(self, *, now: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        """The disputes whose time to answer is over."""
        ...

    async def unconfirmed(self, *, before: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        """The disputes whose answer was sent to the provider before `before` and is not confirmed."""
        ...

    async def next_due(self, *, now: datetime, unconfirmed_after: timedelta) -> datetime | None:
        """When the next dispute is due, or is unconfirmed since `unconfirmed_after`; None for never."""
        ...


class DisputeDeadlines:
    """Sweeps the disputes that are due. Several workers may sweep at once: each dispute is decided on its own stream,
    and the id of an answer is the provider's idempotency key."""

    def __init__(
        self,
        *,
        store: EventStore,
        disputes: Disputes,
        agenda: DisputeAgenda,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        inflight_grace_s: float,
    ) -> None:
        """`inflight_grace_s` is the time for which an answer is left to the process that sends it."""
        self._store = store
        self._disputes = disputes
        self._agenda = agenda
        self._now = now
        self._new_id = new_id
        self._inflight_grace = timedelta(seconds=inflight_grace_s)
        self._concurrent = asyncio.Semaphore(CONCURRENT_MAX)

    async def sweep(self) -> None:
        """Give up the disputes that are due, and send unconfirmed answers again. Raises StoreUnavailable."""
        now = self._now()
        for case_id in await self._agenda.due(now=now, disputes_max=SWEEP_DISPUTES_MAX):
            await self._try(self._expire, case_id)
        unconfirmed = await self._agenda.unconfirmed(before=now - self._inflight_grace, disputes_max=SWEEP_DISPUTES_MAX)
        await asyncio.gather(*(self._try(self._send_again, case_id) for case_id in unconfirmed))

    async def idle_s(self) -> float:
        """The seconds until `sweep` has something to do, unless the view changes before. Raises StoreUnavailable."""
        now = self._now()
        due = await self._agenda.next_due(now=now, unconfirmed_after=self._inflight_grace)
        return FALLBACK_S if due is None else (due - now).total_seconds()

    async def _try(self, act: Callable[[DisputeCaseId], Awaitable[object]], case_id: DisputeCaseId) -> None:
        """Act on one dispute; a failure is logged, so that it does not hold the others up."""
        try:
            async with self._concurrent:
                await act(case_id)
        except StoreUnavailable:
            raise
        except DisputeNotFound:
            pass
        except DomainError as error:
            log.warning("dispute_put_off", extra={"case_id": str(case_id), "error": str(error)})
        except Exception:
            log.exception("dispute_failed", extra={"case_id": str(case_id)})

    async def _expire(self, case_id: DisputeCaseId) -> None:
        await self._disputes.expire(case_id, worker_cause("disputes", self._new_id, about="timer:dispute"))

    async def _send_again(self, case_id: DisputeCaseId) -> None:
        loaded = await load_dispute(self._store, case_id)
        cause = worker_cause("disputes", self._new_id, about=f"{case_id}:{loaded.version}")
        await self._disputes.send_pending_answer(loaded, cause)
