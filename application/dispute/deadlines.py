"""What nobody answered in time is given up, and what a provider was not heard to have heard is told again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from application.dispute.commands import Disputes
from application.dispute.loaded import DisputeNotFound, load_dispute
from application.write.store import EventStore, StoreUnavailable
from application.write.worker import worker_cause
from domain.errors import DomainError
from domain.identifiers import DisputeCaseId

AT_ONCE_MAX: Final = 100
CONCURRENT_MAX: Final = 8

log = logging.getLogger(__name__)


class DisputeAgenda(Protocol):
    """Reads a view: what is listed may have been done meanwhile. Both raise StoreUnavailable."""

    async def due(self, *, now: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        """Those whose time to answer is over."""
        ...

    async def asked(self, *, before: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        """Those of which a provider was told something before then, and has not answered."""
        ...


class DisputeDeadlines:
    """Several workers may sweep at once: each dispute is decided on its own stream, and a provider knows the id."""

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
        """`inflight_grace_s` is how long what a provider is told is left to the process that tells it."""
        self._store = store
        self._disputes = disputes
        self._agenda = agenda
        self._now = now
        self._new_id = new_id
        self._inflight_grace = timedelta(seconds=inflight_grace_s)
        self._hands = asyncio.Semaphore(CONCURRENT_MAX)

    async def sweep(self) -> None:
        """Give up all that is due, and tell again what was not heard. Raises StoreUnavailable."""
        now = self._now()
        for case_id in await self._agenda.due(now=now, disputes_max=AT_ONCE_MAX):
            await self._try(self._expire, case_id)
        unheard = await self._agenda.asked(before=now - self._inflight_grace, disputes_max=AT_ONCE_MAX)
        await asyncio.gather(*(self._try(self._ask, case_id) for case_id in unheard))

    async def _try(self, act: Callable[[DisputeCaseId], Awaitable[object]], case_id: DisputeCaseId) -> None:
        """One that cannot be decided must not hold the others up."""
        try:
            async with self._hands:
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

    async def _ask(self, case_id: DisputeCaseId) -> None:
        loaded = await load_dispute(self._store, case_id)
        await self._disputes.ask(loaded, worker_cause("disputes", self._new_id, about=f"{case_id}:{loaded.version}"))
