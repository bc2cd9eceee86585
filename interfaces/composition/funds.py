"""What becomes of merchants' funds after a capture: settled by providers, released, paid out."""

from application.bank import Bank
from application.bank_accounts import BankAccounts
from application.bases import Bases
from application.command_ids import CommandIds
from application.payout_files import PayoutFiles
from application.payout_reports import PayoutReports
from application.payout_schedule import ScheduledPayouts
from application.payouts import Payouts
from application.release import Releases
from application.settlements import Settlements
from domain.payment.settle_movement import FeePlans
from infrastructure.postgres.balances import PostgresBalances
from infrastructure.postgres.bank_feed import PostgresBankFeed
from infrastructure.postgres.lots import PostgresDueLots
from infrastructure.postgres.movements import ViewMovements
from infrastructure.postgres.payout_queue import ViewPayoutQueue
from infrastructure.postgres.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.pool import ReadPool
from infrastructure.postgres.schedule_watch import PostgresScheduleWatch
from infrastructure.postgres.store import PostgresEventStore
from interfaces import ids
from interfaces.composition.clock import utc_now
from interfaces.http.payout_resources import word_payout


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
        bases: Bases,
        plans: FeePlans,
    ) -> None:
        self.payouts_taken = PostgresPayoutsTaken(pool)
        queue, balances = ViewPayoutQueue(pool), PostgresBalances(pool)
        self.settlements = Settlements(store=store, finder=ViewMovements(pool), bases=bases, plans=plans, now=utc_now)
        self.releases = Releases(store=store, lots=PostgresDueLots(pool), now=utc_now, new_id=ids.new_uuid)
        self.payouts = Payouts(
            store=store,
            bank_accounts=bank_accounts,
            bank=bank,
            bases=bases,
            balances=balances,
            answers=word_payout,
            now=utc_now,
            ids=command_ids,
        )
        self.payout_schedule = ScheduledPayouts(
            store=store,
            balances=balances,
            queue=queue,
            watch=PostgresScheduleWatch(pool),
            bank=bank,
            bases=bases,
            now=utc_now,
            new_id=ids.new_uuid,
        )
        self.payout_files = PayoutFiles(
            store=store,
            queue=queue,
            taken=self.payouts_taken,
            bank=bank,
            bases=bases,
            now=utc_now,
            new_id=ids.new_uuid,
        )
        self.payout_reports = PayoutReports(
            store=store, feed=PostgresBankFeed(pool), bank=bank, now=utc_now, new_id=ids.new_uuid
        )
