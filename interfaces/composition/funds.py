"""What becomes of merchants' funds after a capture: settled by providers, released, paid out."""

from application.payout.bank_accounts import BankAccounts
from application.payout.bank_port import Bank
from application.payout.commands import Payouts
from application.payout.files import PayoutFiles
from application.payout.reports import PayoutReports
from application.payout.schedule import ScheduledPayouts
from application.settlement.commands import Settlements
from application.settlement.release import Releases
from application.terms.pricing_context import PricingContexts
from application.write.command_ids import CommandIds
from domain.settlement.settle_movement import FeePlans
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.balances import PostgresBalances
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.funds.bank_feed import PostgresBankFeed
from infrastructure.postgres.funds.lots import PostgresDueLots
from infrastructure.postgres.funds.movements import ViewMovements
from infrastructure.postgres.funds.payout_queue import ViewPayoutQueue
from infrastructure.postgres.funds.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.funds.schedule_watch import PostgresScheduleWatch
from interfaces import ids
from interfaces.composition.clock import utc_now
from interfaces.resources.payout import render_payout_response


class Funds:
    """The parts that move them, each over the same store."""

    def __init__(
        self,
        *,
        store: PostgresEventStore,
        pool: ReadPool,
        bank: Bank,
        bank_accounts: BankAccounts,
        command_ids: CommandIds,
        pricing_contexts: PricingContexts,
        plans: FeePlans,
    ) -> None:
        self.payouts_taken = PostgresPayoutsTaken(pool)
        queue, balances = ViewPayoutQueue(pool), PostgresBalances(pool)
        self.settlements = Settlements(
            store=store, finder=ViewMovements(pool), pricing_contexts=pricing_contexts, plans=plans, now=utc_now
        )
        self.releases = Releases(store=store, lots=PostgresDueLots(pool), now=utc_now, new_id=ids.new_uuid)
        self.payouts = Payouts(
            store=store,
            bank_accounts=bank_accounts,
            bank=bank,
            pricing_contexts=pricing_contexts,
            balances=balances,
            answers=render_payout_response,
            now=utc_now,
            ids=command_ids,
        )
        self.payout_schedule = ScheduledPayouts(
            store=store,
            balances=balances,
            queue=queue,
            watch=PostgresScheduleWatch(pool),
            bank=bank,
            pricing_contexts=pricing_contexts,
            now=utc_now,
            new_id=ids.new_uuid,
        )
        self.payout_files = PayoutFiles(
            store=store,
            queue=queue,
            taken=self.payouts_taken,
            bank=bank,
            pricing_contexts=pricing_contexts,
            now=utc_now,
            new_id=ids.new_uuid,
        )
        self.payout_reports = PayoutReports(
            store=store, feed=PostgresBankFeed(pool), bank=bank, now=utc_now, new_id=ids.new_uuid
        )
