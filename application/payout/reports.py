"""Every report of the bank on payouts is recorded before our place in its feed moves on."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from application.payout.bank_port import Bank, BankSilent, PaymentReport, PaymentStatus, storable
from application.payout.loaded import LoadedPayout, PayoutNotFound, load
from application.payout.queue import BankFeed
from application.work.wakeups import Wakeups
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.store import Append, EventStore
from application.write.worker import worker_cause
from domain.payout.batch import payout_id_in
from domain.payout.report import ReportContradicts, ReportedOutcome, ReportPayout, report

REPORTED_OUTCOMES: Final = {
    PaymentStatus.CONFIRMED: ReportedOutcome.CONFIRMED,
    PaymentStatus.REJECTED: ReportedOutcome.REJECTED,
    PaymentStatus.RETURNED: ReportedOutcome.RETURNED,
}
"""The outcome that a status reports; a pending payment has none."""

CONCURRENT_MAX: Final = 32
"""The most payouts at a time: a page of reports may be long, and each payout waits for the database."""

log = logging.getLogger(__name__)


class _Place(Struct, frozen=True):
    """The last report of the bank that was recorded when the count of wake-ups was `count`."""

    report_id: str | None
    count: int


class PayoutReports:
    """May be run by any number of workers at once."""

    def __init__(
        self,
        *,
        store: EventStore,
        feed: BankFeed,
        bank: Bank,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        wakeups: Wakeups | None = None,
    ) -> None:
        """While `wakeups` are relied upon, and none comes, the store is the same: our place in the feed is not read
        again."""
        self._wakeups = Wakeups() if wakeups is None else wakeups
        self._place: _Place | None = None
        self._store = store
        self._feed = feed
        self._bank = bank
        self._now = now
        self._new_id = new_id
        self._is_silent = False

    async def listen(self) -> None:
        """Record the bank's reports since our place in its feed, until there are no new ones. Raises
        StoreUnavailable."""
        while True:
            before = await self._heard_up_to()
            try:
                reports = await self._bank.reports(before)
            except BankSilent as error:
                if not self._is_silent:
                    log.warning("bank_silent", extra={"bank": self._bank.name, "reason": str(error)})
                self._is_silent = True
                return
            if self._is_silent:
                log.info("bank_speaks_again", extra={"bank": self._bank.name})
                self._is_silent = False
            if not reports:
                return
            by_payment: dict[str, list[PaymentReport]] = defaultdict(list)
            for each in reports:
                by_payment[each.end_to_end_id].append(each)
            turns = asyncio.Semaphore(CONCURRENT_MAX)
            await asyncio.gather(*(self._take_in_order(said, turns) for said in by_payment.values()))
            self._place = None
            last = reports[-1].report_id
            if last == before or not await self._feed.move(self._bank.name, before=before, after=last):
                # There were only known reports; or another worker is further on, and goes on from there.
                return

    async def _heard_up_to(self) -> str | None:
        place, count = self._place, self._wakeups.count
        if place is None or place.count != count or not self._wakeups.are_reliable:
            place = self._place = _Place(await self._feed.heard_up_to(self._bank.name), count)
        return place.report_id

    async def _take_in_order(self, reports: Sequence[PaymentReport], turns: asyncio.Semaphore) -> None:
        """Record the reports of one payment, oldest first."""
        async with turns:
            for each in reports:
                await self.take_in(each)

    async def take_in(self, heard: PaymentReport) -> None:
        """Record what follows from a report; no effect where the report is known. Raises StoreUnavailable,
        TooManyConflicts."""
        outcome = REPORTED_OUTCOMES.get(heard.status)
        if outcome is None:
            return
        payout_id = payout_id_in(heard.end_to_end_id)
        if payout_id is None:
            log.error("payout_report_of_none", extra=_named(heard))
            return
        code = None if heard.reason_code is None else storable(heard.reason_code)
        said = ReportPayout(bank=self._bank.name, report_id=heard.report_id, outcome=outcome, code=code)

        def propose(loaded: LoadedPayout) -> Proposal[None] | Unchanged[None]:
            events = report(loaded.payout, said)
            if not events:
                return Unchanged(None)
            cause = worker_cause("payouts", self._new_id, about=f"{loaded.id}:{loaded.version}")
            append = Append(events=loaded.record(events, cause=cause, now=self._now()))
            return Proposal(append, lambda _position: None)

        try:
            # Money in transit can always be paid, or given back: no limit is in the way.
            await decide_and_append(
                self._store,
                lambda: load(self._store, payout_id),
                propose,
                limit_broken=unreachable,
                key_used=unreachable,
            )
        except PayoutNotFound:
            log.error("payout_report_of_none", extra=_named(heard))
        except ReportContradicts as error:
            # Money may be where our books do not have it: an operator has to ask the bank.
            log.error("payout_report_contradicts", extra={**_named(heard), "recorded": error.status})


def _named(heard: PaymentReport) -> dict[str, str]:
    return {"report_id": heard.report_id, "end_to_end_id": heard.end_to_end_id, "status": heard.status}
