"""What is due becomes available by itself, once, however many workers look for it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol, assert_never
from uuid import UUID

from msgspec import Struct

from application.write.append import CONFLICTS_MAX
from application.write.recording import record_all
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from application.write.worker import worker_cause
from domain.history import last_recorded_at
from domain.ledger.accounts import AccountCode, owed
from domain.money.money import Money
from domain.release.events import FundsReleased
from domain.release.release import Lot, release

LOTS_MAX: Final = 1_000
"""Read at once."""
CONCURRENT_MAX: Final = 32
"""Appended side by side, so that they share transactions."""

log = logging.getLogger(__name__)


class DueLot(Struct, frozen=True, kw_only=True):
    """A lot as it was found: what it held, and what its merchant owed in its currency."""

    lot: Lot
    amount: Money
    owed: Money


class DueLots(Protocol):
    """The balances that the appends keep. Every method raises StoreUnavailable."""

    async def due(self, now: datetime, *, lots_max: int) -> Sequence[DueLot]:
        """Lots that hold something and are due, longest due first."""
        ...

    async def balance(self, account: AccountCode, currency: str) -> Money:
        """Nothing, of an account that was never posted to."""
        ...

    async def sweep_empty(self, now: datetime) -> None:
        """Lots that were due and hold nothing need not be looked through any more."""
        ...


class Releases:
    def __init__(
        self, *, store: EventStore, lots: DueLots, now: Callable[[], datetime], new_id: Callable[[], UUID]
    ) -> None:
        self._store = store
        self._lots = lots
        self._now = now
        self._new_id = new_id

    async def sweep(self) -> int:
        """Release all that is due; how many lots that were. Raises StoreUnavailable."""
        now = self._now()
        released = 0
        while found := await self._lots.due(now, lots_max=LOTS_MAX):
            of_these = 0
            for first in range(0, len(found), CONCURRENT_MAX):
                together = found[first : first + CONCURRENT_MAX]
                of_these += sum(await asyncio.gather(*(self.release(due) for due in together)))
            released += of_these
            if not of_these or len(found) < LOTS_MAX:
                break
        await self._lots.sweep_empty(now)
        return released

    async def release(self, found: DueLot) -> bool:
        """Release one; False when somebody else has, or it is taken up by others for too long: it stays due.

        Raises NotDueYet, StoreUnavailable.
        """
        lot, amount, debt = found.lot, found.amount, found.owed
        version, updated_at = 0, None
        for _ in range(CONFLICTS_MAX):
            now = self._now()
            events = release(lot, amount, debt, now)
            if not events:
                return False
            result = await self._store.append(self._append(lot, version, events, now, updated_at))
            match result:
                case Appended():
                    self._tell(events)
                    return True
                case VersionConflict() | LimitBroken():
                    # Released by another, or a refund has drawn on it, or the debt was collected: look again.
                    history = await self._store.history(lot.stream_id)
                    version, updated_at = len(history), last_recorded_at(history)
                    amount = await self._lots.balance(lot.account, lot.currency)
                    debt = await self._lots.balance(owed(lot.merchant_id), lot.currency)
                case KeyUsed():
                    raise AssertionError("a release claims no key")
                case _:
                    assert_never(result)
        return False

    def _append(
        self, lot: Lot, version: int, events: Sequence[FundsReleased], now: datetime, updated_at: datetime | None
    ) -> Append:
        cause = worker_cause("release", self._new_id, about=f"lot:{lot.account}")
        recorded = record_all(
            lot.stream_id, version, events, merchant_id=lot.merchant_id, cause=cause, now=now, updated_at=updated_at
        )
        return Append(events=recorded)

    def _tell(self, events: Sequence[FundsReleased]) -> None:
        for event in events:
            log.info(
                "funds_released",
                extra={
                    "merchant_id": event.merchant_id,
                    "bucket": event.bucket.value,
                    "due": event.due.isoformat(),
                    "currency": event.amount.currency,
                    "amount_minor": event.amount.minor,
                    "collected_minor": event.collected.minor,
                },
            )
