"""Payouts: bank accounts, a merchant's commands and schedule, and the files and reports of our bank."""

from collections.abc import Mapping

from application.payout.bank_accounts import BankAccounts
from application.payout.commands import Payouts
from application.payout.files import PayoutFiles
from application.payout.reports import PayoutReports
from application.payout.schedule import ScheduledPayouts
from application.work.wakeups import FALLBACK_S, Wakeups, repeatedly
from infrastructure.bank.account_check import account_fault
from infrastructure.postgres.event_store.balances import PostgresBalances
from infrastructure.postgres.funds.bank_feed import PostgresBankFeed
from infrastructure.postgres.funds.payout_queue import ViewPayoutQueue
from infrastructure.postgres.funds.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.funds.schedule_watch import PostgresScheduleWatch
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared
from interfaces.composition.terms import TermsParts
from interfaces.resources.payout import render_payout_response
from interfaces.runtime.worker import Task, every

SCHEDULE_EVERY_S = 5.0
REPORTS_EVERY_S = 1.0


class PayoutParts(Capability, frozen=True, kw_only=True):
    commands: Payouts
    bank_accounts: BankAccounts
    taken: PostgresPayoutsTaken
    schedule: ScheduledPayouts
    files: PayoutFiles
    reports: PayoutReports
    files_every_s: float
    caught_up: Wakeups

    def route_parts(self) -> Mapping[str, object]:
        return {"payouts": self.commands, "bank_accounts": self.bank_accounts}

    def worker_tasks(self) -> Mapping[str, Task]:
        async def follow_schedule() -> float:
            await self.schedule.sweep()
            # Scheduled payouts come due at full minutes, by the clock of the database.
            return 60.0 - utc_now().second

        async def send_files() -> float:
            return 0.0 if await self.files.run() else FALLBACK_S

        return {
            "payout schedule": lambda: repeatedly(follow_schedule, wakeups=self.caught_up, poll_s=SCHEDULE_EVERY_S),
            "payout files": lambda: repeatedly(send_files, wakeups=self.caught_up, poll_s=self.files_every_s),
            "payout reports": lambda: every(REPORTS_EVERY_S, self.reports.listen),
        }


def wire(shared: Shared, terms: TermsParts) -> PayoutParts:
    store, pool, bank = shared.store, shared.pool, shared.bank
    queue, balances, taken = ViewPayoutQueue(pool), PostgresBalances(pool), PostgresPayoutsTaken(pool)
    bank_accounts = BankAccounts(store=store, check=account_fault, now=utc_now, new_id=ids.new_uuid)
    return PayoutParts(
        commands=Payouts(
            store=store,
            bank_accounts=bank_accounts,
            bank=bank,
            pricing_contexts=terms.pricing_contexts,
            balances=balances,
            answers=render_payout_response,
            now=utc_now,
            ids=shared.command_ids,
        ),
        bank_accounts=bank_accounts,
        taken=taken,
        schedule=ScheduledPayouts(
            store=store,
            balances=balances,
            queue=queue,
            watch=PostgresScheduleWatch(pool),
            bank=bank,
            pricing_contexts=terms.pricing_contexts,
            now=utc_now,
            new_id=ids.new_uuid,
        ),
        files=PayoutFiles(
            store=store,
            queue=queue,
            taken=taken,
            bank=bank,
            pricing_contexts=terms.pricing_contexts,
            now=utc_now,
            new_id=ids.new_uuid,
        ),
        reports=PayoutReports(
            store=store,
            feed=PostgresBankFeed(pool),
            bank=bank,
            now=utc_now,
            new_id=ids.new_uuid,
            wakeups=shared.listener.wakeups,
        ),
        files_every_s=shared.settings.payout_batch_every_s,
        caught_up=shared.caught_up.wakeups,
    )
