"""Payouts wired together on the real store, with a bank in memory and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
from msgspec.structs import replace

from application.payout.bank_accounts import BankAccounts
from application.payout.bank_port import PaymentStatus
from application.payout.commands import Payouts
from application.payout.files import PayoutFiles
from application.payout.loaded import LoadedPayout, load
from application.payout.reports import PayoutReports
from application.payout.schedule import ScheduledPayouts
from application.terms.pricing_context import CurrentPricingContexts
from application.write.caller import Answered, Caller
from domain.bank_account.add import AddBankAccount
from domain.bank_account.details import BankDetails, Iban
from domain.fx.rates import Rates
from domain.history import Cause
from domain.identifiers import BankAccountId, BatchId, MerchantId, PayoutId
from domain.ledger.accounts import available, bank, held, in_transit, owed
from domain.ledger.balances import BalanceKey, fold_balances, trial_balance
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.moves import move
from domain.money.money import Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.create import CreatePayout
from domain.payout.events import PayoutTrigger
from domain.payout.status import PayoutStatus, status_of
from domain.payout_batch.events import PayoutBatchCreated
from domain.terms.payouts import PayoutRule
from domain.terms.terms import DEFAULT_TERMS
from infrastructure.bank.account_check import account_fault
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.balances import PostgresBalances
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.funds.bank_feed import PostgresBankFeed
from infrastructure.postgres.funds.payout_queue import ViewPayoutQueue
from infrastructure.postgres.funds.payouts_taken import PostgresPayoutsTaken
from infrastructure.postgres.funds.schedule_watch import PostgresScheduleWatch
from interfaces import ids
from interfaces.resources.payout import render_payout_response
from projections.payout.bank_accounts import BANK_ACCOUNTS
from projections.payout.batches import PAYOUT_BATCHES
from projections.payout.payouts import PAYOUTS
from tests.support.bank import BankInMemory
from tests.support.command_ids import command_ids
from tests.support.store import advanced, append_all, everything, open_store, open_views, stored

MERCHANT = MerchantId("mer_acme")
FRIDAY_NOON = datetime.fromisoformat("2026-11-20T11:30:00+00:00")
"""In Berlin half past twelve: past the time of scheduled payouts, before the bank's cutoff."""
IBAN = Iban(iban="DE02120300000000202051")


def euros(amount: str) -> Money:
    whole, _, cents = amount.partition(".")
    return Money(int(whole) * 100 + int(cents.ljust(2, "0")), "EUR")


class Treasury:
    def __init__(self, store: PostgresEventStore, pool: ReadPool, database_url: str, in_memory: BankInMemory) -> None:
        self.store = store
        self.bank = in_memory
        self.now = FRIDAY_NOON
        self.rule: PayoutRule = DEFAULT_TERMS.payouts
        self._database_url = database_url
        pricing_contexts = CurrentPricingContexts(
            terms_of=lambda _: replace(DEFAULT_TERMS, payouts=self.rule),
            rates=lambda: Rates(),
            is_holiday=lambda _calendar, _day: False,
        )
        self.accounts = BankAccounts(store=store, check=account_fault, now=self.clock, new_id=ids.new_uuid)
        self.payouts = Payouts(
            store=store,
            bank_accounts=self.accounts,
            bank=in_memory,
            pricing_contexts=pricing_contexts,
            balances=PostgresBalances(pool),
            answers=render_payout_response,
            now=self.clock,
            ids=command_ids(),
        )
        queue = ViewPayoutQueue(pool)
        self.files = PayoutFiles(
            store=store,
            queue=queue,
            taken=PostgresPayoutsTaken(pool),
            bank=in_memory,
            pricing_contexts=pricing_contexts,
            now=self.clock,
            new_id=ids.new_uuid,
        )
        self.feed = PostgresBankFeed(pool)
        self.reports = PayoutReports(store=store, feed=self.feed, bank=in_memory, now=self.clock, new_id=ids.new_uuid)
        self.schedule = ScheduledPayouts(
            store=store,
            balances=PostgresBalances(pool),
            queue=queue,
            watch=PostgresScheduleWatch(pool),
            bank=in_memory,
            pricing_contexts=pricing_contexts,
            now=self.clock,
            new_id=ids.new_uuid,
        )

    def clock(self) -> datetime:
        return self.now

    async def earn(self, amount: Money, merchant_id: MerchantId = MERCHANT) -> None:
        """Money that was released to the merchant."""
        entry = JournalEntryPosted(
            cause_id=uuid4(),
            payment_id=None,
            merchant_id=merchant_id,
            cause="funds.released.v1",
            cause_version=1,
            postings=move(amount, debit=bank("northbank"), credit=available(merchant_id)),
        )
        await append_all(self.store, [stored(uuid4(), 1, entry, merchant_id=merchant_id)])

    async def owe(self, amount: Money, merchant_id: MerchantId = MERCHANT) -> None:
        """Money that a bank took beyond what the merchant may owe us."""
        entry = JournalEntryPosted(
            cause_id=uuid4(),
            payment_id=None,
            merchant_id=merchant_id,
            cause="payment.dispute_opened.v3",
            cause_version=1,
            postings=move(amount, debit=owed(merchant_id), credit=held(merchant_id)),
        )
        await append_all(self.store, [stored(uuid4(), 1, entry, merchant_id=merchant_id)])

    async def account(
        self, merchant_id: MerchantId = MERCHANT, holder_name: str = "Acme GmbH", details: BankDetails = IBAN
    ) -> BankAccountId:
        command = AddBankAccount(
            merchant_id=merchant_id, holder_name=holder_name, currency="EUR", country="DE", details=details
        )
        added = await self.accounts.add(command, a_caller(merchant_id=merchant_id))
        return added.loaded.id

    async def create(
        self, amount: Money, account_id: BankAccountId, caller: Caller | None = None, description: str | None = None
    ) -> Answered:
        asking = caller or a_caller()
        command = CreatePayout(
            merchant_id=asking.merchant_id,
            amount=amount,
            bank_account_id=account_id,
            trigger=PayoutTrigger.REQUESTED,
            description=description,
        )
        return await self.payouts.create(command, asking)

    async def created(self, amount: Money, account_id: BankAccountId | None = None) -> PayoutId:
        """A payout whose money the merchant has."""
        await self.earn(amount)
        return payout_id_in(await self.create(amount, account_id or await self.account()))

    async def catch_up(self) -> None:
        """Let the views see everything."""
        events = await everything(self.store)
        async with self._views() as connection:
            for view in (PAYOUTS, PAYOUT_BATCHES, BANK_ACCOUNTS):
                await advanced(connection, view, events)

    async def run_files(self) -> None:
        await self.catch_up()
        await self.files.run()

    async def batched(self) -> list[BatchId]:
        """What waits is batched, and nothing sent."""
        await self.catch_up()
        return await self.files.batch_ready()

    async def hear(self, payout_id: PayoutId, status: PaymentStatus, code: str | None = None) -> None:
        self.bank.says(end_to_end_id_for(payout_id), status, code)
        await self.reports.listen()

    async def load(self, payout_id: PayoutId) -> LoadedPayout:
        return await load(self.store, payout_id)

    async def status(self, payout_id: PayoutId) -> PayoutStatus:
        return status_of((await self.load(payout_id)).payout)

    async def balances(self, merchant_id: MerchantId = MERCHANT) -> tuple[int, int]:
        """What the merchant has available and in transit; the books balance."""
        events = await everything(self.store)
        entries = [each.event.data for each in events if isinstance(each.event.data, JournalEntryPosted)]
        folded = fold_balances(entries)
        assert set(trial_balance(folded).values()) <= {0}
        return tuple(  # type: ignore[return-value]
            folded.get(BalanceKey(account, "EUR"), 0) for account in (available(merchant_id), in_transit(merchant_id))
        )

    async def batches(self) -> list[PayoutBatchCreated]:
        events = await everything(self.store)
        return [each.event.data for each in events if isinstance(each.event.data, PayoutBatchCreated)]

    async def payouts_made(self) -> list[PayoutId]:
        await self.catch_up()
        async with self._views() as connection:
            rows = await (await connection.execute("SELECT payout_id FROM payouts")).fetchall()
        return [PayoutId(payout_id) for (payout_id,) in rows]

    def _views(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        return open_views(self._database_url)


@asynccontextmanager
async def open_treasury(database_url: str) -> AsyncIterator[Treasury]:
    """One on the test's own database, whose views are there."""
    pool = ReadPool(database_url)
    await pool.open()
    try:
        async with open_store(database_url) as store:
            treasury = Treasury(store, pool, database_url, BankInMemory())
            await treasury.catch_up()
            yield treasury
    finally:
        await pool.aclose()


def a_caller(key: str | None = None, *, request: bytes = b"request", merchant_id: MerchantId = MERCHANT) -> Caller:
    cause = Cause(actor="key:test", request_id=uuid4().hex, trace_id=uuid4().hex)
    return Caller(merchant_id=merchant_id, cause=cause, key=key, fingerprint=request)


def body_of(answered: Answered) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(answered.body)
    return decoded


def payout_id_in(answered: Answered) -> PayoutId:
    uuid: UUID | None = ids.parse(body_of(answered)["payout_id"], ids.PAYOUT)
    assert uuid is not None
    return PayoutId(uuid)


async def both(*work: Any) -> list[Any]:
    """All at once; what each raised stands in its place."""
    return await asyncio.gather(*work, return_exceptions=True)
