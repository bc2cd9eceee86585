"""Funds that are due become available once, however many workers release them."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from application.work.wakeups import FALLBACK_S
from application.write.append import Proposal, TooManyConflicts, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append, EventStore, LimitBroken
from application.write.worker import worker_cause
from domain.history import last_recorded_at
from domain.ledger.accounts import AccountCode, owed
from domain.money.money import Money
from domain.release.events import FundsReleased
from domain.release.release import Lot, release

LOTS_MAX: Final = 1_000
"""The most lots in one reading."""
CONCURRENT_MAX: Final = 32
"""Appends side by side, which then share transactions."""

log = logging.getLogger(__name__)


class DueLot(Struct, frozen=True, kw_only=True):
    """A lot, with its amount and its merchant's debt in its currency when both were read."""

    lot: Lot
    amount: Money
    owed: Money


class DueLots(Protocol):
    """The lots of the balances that appends maintain. Every method raises StoreUnavailable."""

    async def due(self, now: datetime, *, lots_max: int) -> Sequence[DueLot]:
        """Lots that are due and not empty, longest due first."""
        ...

    async def next_due(self) -> datetime | None:
        """When the first lot that is searched is due; None without one."""
        ...

    async def balance(self, account: AccountCode, currency: str) -> Money:
        """The balance of `account`: zero where nothing was ever posted to it."""
        ...

    async def sweep_empty(self, now: datetime) -> None:
        """Stop searching lots that are due and empty."""
        ...


class _LotFunds(Struct, frozen=True, kw_only=True):
    """The amount in a lot and its merchant's debt, with the `version` of the lot's stream and the time of its last
    event."""

    version: int
    updated_at: datetime | None
    amount: Money
    owed: Money


class Releases:
    def __init__(
        self, *, store: EventStore, lots: DueLots, now: Callable[[], datetime], new_id: Callable[[], UUID]
    ) -> None:
        self._store = store
        self._lots = lots
        self._now = now
        self._new_id = new_id

    async def sweep(self) -> int:
        """Release all lots that are due; the result is their number. Raises StoreUnavailable."""
        now = self._now()
        released = 0
        while found := await self._lots.due(now, lots_max=LOTS_MAX):
            released_now = 0
            for first in range(0, len(found), CONCURRENT_MAX):
                together = found[first : first + CONCURRENT_MAX]
                released_now += sum(await asyncio.gather(*(self.release(due) for due in together)))
            released += released_now
            if not released_now or len(found) < LOTS_MAX:
                break
        await self._lots.sweep_empty(now)
        return released

    async def idle_s(self) -> float:
        """The seconds until `sweep` has something to do, unless the store grows before. Raises StoreUnavailable."""
        due = await self._lots.next_due()
        return FALLBACK_S if due is None else (due - self._now()).total_seconds()

    async def release(self, found: DueLot) -> bool:
        """Release one lot. False where another worker has released it, or where other commands keep changing its
        balances first: the lot then stays due.

        Raises NotDueYet, StoreUnavailable.
        """
        lot = found.lot

        async def load() -> _LotFunds:
            history = await self._store.history(lot.stream_id)
            return _LotFunds(
                version=len(history),
                updated_at=last_recorded_at(history),
                amount=await self._lots.balance(lot.account, lot.currency),
                owed=await self._lots.balance(owed(lot.merchant_id), lot.currency),
            )

        def propose(funds: _LotFunds) -> Proposal[bool] | Unchanged[bool]:
            now = self._now()
            events = release(lot, funds.amount, funds.owed, now)
            if not events:
                return Unchanged(False)

            def released(_position: int | None) -> bool:
                _log_released(events)
                return True

            return Proposal(self._append(lot, funds, events, now), released)

        try:
            return await decide_and_append(
                self._store,
                load,
                propose,
                limit_broken=_read_again,
                key_used=unreachable,
                known=_LotFunds(version=0, updated_at=None, amount=found.amount, owed=found.owed),
            )
        except TooManyConflicts:
            return False

    def _append(self, lot: Lot, funds: _LotFunds, events: Sequence[FundsReleased], now: datetime) -> Append:
        recorded = record_all(
            lot.stream_id,
            funds.version,
            events,
            merchant_id=lot.merchant_id,
            cause=worker_cause("release", self._new_id, about=f"lot:{lot.account}"),
            now=now,
            updated_at=funds.updated_at,
        )
        return Append(events=recorded)


async def _read_again(_funds: _LotFunds, _broken: LimitBroken) -> None:
    """A refund has drawn on the lot, or the debt was collected: the release is decided again on today's balances."""


def _log_released(events: Sequence[FundsReleased]) -> None:
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
