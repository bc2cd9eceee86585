"""A merchant with a payout schedule is paid out all that is available, once on each scheduled day."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct

from application.payout.bank_port import Bank
from application.payout.loaded import begun, load_all, load_bank_accounts
from application.payout.queue import Available, Balances, PayoutQueue, ScheduleWatch
from application.terms.pricing_context import PricingContexts
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from application.write.worker import worker_cause
from domain.errors import DomainError
from domain.identifiers import PayoutId
from domain.payout.create import CreatePayout, create
from domain.payout.events import PayoutEvent, PayoutTrigger
from domain.payout.schedule import missed_day, scheduled_day, scheduled_payout_id
from domain.terms.payouts import MINIMUM_MINOR

PAGE_ROWS: Final = 1_000
CONCURRENT_MAX: Final = 32
"""The most payouts made at a time: each waits for the database."""

log = logging.getLogger(__name__)


class _Due(Struct, frozen=True):
    payout_id: PayoutId
    available: Available
    day: date


class ScheduledPayouts:
    """Any number of workers may run this at once."""

    def __init__(
        self,
        *,
        store: EventStore,
        balances: Balances,
        queue: PayoutQueue,
        watch: ScheduleWatch,
        bank: Bank,
        pricing_contexts: PricingContexts,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._store = store
        self._balances = balances
        self._queue = queue
        self._watch = watch
        self._bank = bank
        self._pricing_contexts = pricing_contexts
        self._now = now
        self._new_id = new_id

    async def sweep(self) -> int:
        """Make every payout that is due and was not made; the result is their number. Raises StoreUnavailable.

        A weekly day that passed since the last sweep is made up for; before the first sweep none was missed.
        """
        began_at = self._now()
        # Not after now, where the clock was ahead and has been set back since.
        looked_at = min(await self._watch.looked_at() or began_at, began_at)
        made = await self._sweep(began_at, looked_at)
        await self._watch.looked(began_at)
        return made

    async def _sweep(self, now: datetime, looked_at: datetime) -> int:
        made, last, turns = 0, None, asyncio.Semaphore(CONCURRENT_MAX)
        while True:
            page = await self._balances.available_above(MINIMUM_MINOR, after=last, rows_max=PAGE_ROWS)
            due = [one for available in page if (one := self._due(available, now, looked_at)) is not None]
            known = await load_all(self._store, (one.payout_id for one in due))
            made += sum(await asyncio.gather(*(self._in_turn(one, turns) for one in due if one.payout_id not in known)))
            if len(page) < PAGE_ROWS:
                return made
            last = page[-1]

    def _due(self, available: Available, now: datetime, looked_at: datetime) -> _Due | None:
        merchant_id, currency = available.merchant_id, available.amount.currency
        pricing = self._pricing_contexts.of(merchant_id)
        rule = pricing.terms.payouts
        if available.amount.minor < rule.minimum_for(currency):
            return None
        day = scheduled_day(rule, now, pricing.is_holiday)
        if day is None:
            day = missed_day(rule, now, pricing.is_holiday, looked_at=looked_at)
        return None if day is None else _Due(scheduled_payout_id(merchant_id, currency, day), available, day)

    async def _in_turn(self, due: _Due, turns: asyncio.Semaphore) -> bool:
        async with turns:
            return await self._make(due)

    async def _make(self, due: _Due) -> bool:
        events = await self._decide(due.available)
        if not events:
            log.info("scheduled_payout_without_account", extra=_named(due))
            return False
        cause = worker_cause("payouts", self._new_id, about=f"schedule:{due.day.isoformat()}")
        payout = begun(due.payout_id, events, self._now())
        result = await self._store.append(Append(events=payout.first(events, cause=cause)))
        match result:
            case Appended():
                log.info("payout_scheduled", extra=_named(due))
                return True
            case VersionConflict() | LimitBroken():
                # Another worker has made it; or the money went elsewhere meanwhile, and what is left comes next time.
                return False
            case KeyUsed():
                raise AssertionError("a schedule claims no key")
            case _:
                assert_never(result)

    async def _decide(self, available: Available) -> Sequence[PayoutEvent]:
        """The first events of a payout to the newest account that our bank can pay; none where there is no such
        account."""
        rule = self._pricing_contexts.of(available.merchant_id).terms.payouts
        account_ids = await self._queue.bank_accounts(available.merchant_id, available.amount.currency)
        accounts = await load_bank_accounts(self._store, account_ids)
        for account_id in account_ids:
            account = accounts[account_id]
            command = CreatePayout(
                merchant_id=available.merchant_id,
                amount=available.amount,
                bank_account_id=account_id,
                trigger=PayoutTrigger.SCHEDULE,
            )
            try:
                events = create(command, account, rule)
            except DomainError:
                continue
            if self._bank.fault_of(available.amount, account.account.details) is None:
                return events
        return ()


def _named(due: _Due) -> dict[str, str]:
    return {
        "payout_id": str(due.payout_id),
        "merchant_id": due.available.merchant_id,
        "amount": str(due.available.amount),
    }
