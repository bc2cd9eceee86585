"""What is due becomes available by itself: once, with several workers, and whatever else takes from it meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from application.settlement.release import Releases
from application.write.recording import record_all
from application.write.store import Append
from domain.identifiers import PaymentId
from domain.ledger.accounts import AccountCode, available, held, owed, pending
from domain.ledger.accounts import bank as our_bank
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted, entry_id_for
from domain.ledger.moves import credit, debit
from domain.money.money import Money
from domain.payment.debit import DebitSource
from domain.payment.dispute import OpenDispute, open_dispute
from domain.release.events import Bucket, FundsReleased
from domain.release.release import NotDueYet
from domain.terms.business_days import CalendarName
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.funds.lots import PostgresDueLots
from projections.ledger.upcoming import upcoming
from projections.verification import balance_difference, kept_balances
from tests.application.shop import Shop, a_caller, body_of
from tests.support.domain import DISPUTE, HUNDRED, MERCHANT, NOW
from tests.support.store import append_all, assert_appended, everything, stored

NET = 10_000 - 290 - 30
"""Of a hundred euros, after the fee of the shop's plan."""
DUE = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
"""Midnight in Berlin of the second business day after NOW, a Friday."""
CHRISTMAS = {date(2026, 12, 25)}


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ReadPool]:
    opened = ReadPool(database_url)
    await opened.open()
    yield opened
    await opened.aclose()


class Bank:
    """The releasing side of the shop."""

    def __init__(self, shop: Shop, pool: ReadPool) -> None:
        self.shop = shop
        self.pool = pool
        self.lots = PostgresDueLots(pool)

    def worker(self) -> Releases:
        as_store = self.shop.flaky
        return Releases(store=as_store, lots=self.lots, now=self.shop.clock, new_id=uuid4)  # type: ignore[arg-type]

    async def sweep_at(self, moment: datetime) -> int:
        self.shop.now = moment
        worker = self.worker()
        idle_s = await worker.idle_s()
        released = await worker.sweep()
        assert released == 0 or idle_s <= 0, "a worker that waits until something is due misses nothing"
        return released

    async def released(self) -> list[FundsReleased]:
        stored = await everything(self.shop.store)
        return [each.event.data for each in stored if isinstance(each.event.data, FundsReleased)]

    async def balance(self, account: AccountCode) -> int:
        stored = await everything(self.shop.store)
        entries = [each.event.data for each in stored if isinstance(each.event.data, JournalEntryPosted)]
        return fold_balances(entries).get(BalanceKey(account, "EUR"), 0)

    async def assert_kept_balances_hold(self) -> None:
        stored = await everything(self.shop.store)
        entries = [each.event.data for each in stored if isinstance(each.event.data, JournalEntryPosted)]
        async with self.pool.connection() as connection:
            kept = await kept_balances(connection)
        assert balance_difference(kept.minor, fold_balances(entries)) is None


@pytest.fixture
async def bank(shop: Shop, pool: ReadPool) -> AsyncIterator[Bank]:
    opened = Bank(shop, pool)
    yield opened
    await opened.assert_kept_balances_hold()
    await shop.assert_books_hold()


async def test_captured_money_is_available_when_its_day_has_come_and_not_before(shop: Shop, bank: Bank) -> None:
    await shop.captured()
    assert await bank.sweep_at(DUE - timedelta(seconds=1)) == 0
    assert await bank.balance(available(MERCHANT)) == 0
    assert await bank.sweep_at(DUE) == 1
    assert await bank.balance(available(MERCHANT)) == NET
    assert await bank.balance(pending(MERCHANT)) == 0


async def test_a_day_of_captures_is_one_entry(shop: Shop, bank: Bank) -> None:
    for _ in range(3):
        await shop.captured()
    assert await bank.sweep_at(DUE) == 1
    [released] = await bank.released()
    assert released.amount.minor == 3 * NET


async def test_a_weekend_and_a_bank_holiday_are_no_business_days(shop: Shop, bank: Bank) -> None:
    shop.pricing = replace(
        shop.pricing,
        is_holiday=lambda calendar, day: calendar is CalendarName.TARGET and day in CHRISTMAS,
    )
    shop.now = datetime(2026, 12, 23, 15, 0, tzinfo=UTC)  # Wednesday, 16:00 in Berlin: T
    await shop.captured()
    monday = datetime(2026, 12, 28, tzinfo=UTC)  # T+1 is Thursday the 24th; then a holiday and a weekend
    assert await bank.sweep_at(monday - timedelta(hours=1, seconds=1)) == 0
    assert await bank.sweep_at(monday - timedelta(hours=1)) == 1


async def test_what_comes_after_the_cutoff_is_of_the_next_business_day(shop: Shop, bank: Bank) -> None:
    shop.now = NOW.replace(hour=16, minute=0, second=1)  # Friday, a second after 17:00 in Berlin
    await shop.captured()
    assert await bank.sweep_at(DUE) == 0
    assert await bank.sweep_at(DUE + timedelta(days=1)) == 1


async def test_two_workers_at_once_make_one_entry_of_a_lot(shop: Shop, bank: Bank) -> None:
    await shop.captured()
    shop.now = DUE
    released = await asyncio.gather(*(bank.worker().sweep() for _ in range(5)))
    assert sum(released) == 1
    assert len(await bank.released()) == 1
    assert await bank.balance(available(MERCHANT)) == NET


async def test_a_worker_that_dies_after_its_append_leaves_nothing_to_be_done_twice(shop: Shop, bank: Bank) -> None:
    await shop.captured()
    shop.flaky.fail_after = 1
    with pytest.raises(Exception, match="after"):
        await bank.sweep_at(DUE)
    assert await bank.sweep_at(DUE) == 0
    assert len(await bank.released()) == 1


async def test_a_refund_before_the_day_leaves_less_to_release(shop: Shop, bank: Bank) -> None:
    first, _second = await shop.captured(), await shop.captured()
    await shop.payments.refund(first, a_caller(), amount_minor=1_000, reason="")
    await bank.sweep_at(DUE)
    assert await bank.balance(available(MERCHANT)) == 2 * NET - 1_000


async def test_a_refund_that_comes_between_is_seen_when_the_lot_no_longer_holds_it(shop: Shop, bank: Bank) -> None:
    payment_id = await shop.captured()
    shop.now = DUE - timedelta(seconds=1)

    async def refunded() -> None:
        shop.now = DUE - timedelta(seconds=1)
        await shop.payments.refund(payment_id, a_caller(), amount_minor=1_000, reason="")
        shop.now = DUE

    [found] = await bank.lots.due(DUE, lots_max=10)
    shop.now = DUE
    shop.flaky.before_append.append(refunded)
    assert await bank.worker().release(found)
    [released] = await bank.released()
    assert released.amount.minor == NET - 1_000


async def test_a_refund_of_what_has_just_been_released_is_taken_from_what_is_available(shop: Shop, bank: Bank) -> None:
    payment_id = await shop.captured()
    shop.now = DUE - timedelta(seconds=1)
    shop.flaky.before_append.append(lambda: bank.sweep_at(DUE))
    answered = await shop.payments.refund(payment_id, a_caller(), amount_minor=1_000, reason="")
    assert body_of(answered)["amount"] == 1_000
    assert await bank.balance(available(MERCHANT)) == NET - 1_000
    assert await bank.balance(pending(MERCHANT)) == 0


async def test_a_reserve_is_released_after_its_days(shop: Shop, bank: Bank) -> None:
    terms = shop.pricing.terms
    settlement = replace(terms.settlement, reserve_basis_points=1_000, reserve_days=90)
    shop.pricing = replace(shop.pricing, terms=replace(terms, settlement=settlement))
    await shop.captured()
    assert await bank.sweep_at(DUE) == 1
    assert await bank.balance(held(MERCHANT)) == NET // 10
    assert await bank.balance(available(MERCHANT)) == NET - NET // 10
    end = datetime(2027, 2, 17, 23, 0, tzinfo=UTC)  # midnight in Berlin, ninety days after NOW's
    assert await bank.sweep_at(end - timedelta(seconds=1)) == 0
    assert await bank.sweep_at(end) == 1
    assert (await bank.released())[-1].bucket is Bucket.RESERVE
    assert await bank.balance(held(MERCHANT)) == 0
    assert await bank.balance(available(MERCHANT)) == NET


async def test_what_the_merchant_owes_is_collected_from_what_is_released(shop: Shop, bank: Bank) -> None:
    lost = await shop.captured()
    await charged_back_from_owed(shop, lost)
    assert await bank.balance(owed(MERCHANT)) == 10_000
    await bank.sweep_at(DUE)
    [released] = await bank.released()
    assert released.collected.minor == released.amount.minor == NET
    assert await bank.balance(owed(MERCHANT)) == 10_000 - NET
    assert await bank.balance(available(MERCHANT)) == 0


async def test_debt_that_two_lots_would_collect_at_once_is_collected_once(shop: Shop, bank: Bank) -> None:
    lost = await shop.captured()
    shop.now = NOW + timedelta(days=3)
    await shop.captured()
    await charged_back_from_owed(shop, lost)
    assert await bank.sweep_at(DUE + timedelta(days=10)) == 2
    assert await bank.balance(owed(MERCHANT)) == 0
    assert await bank.balance(available(MERCHANT)) == 2 * NET - 10_000


async def test_a_release_lifts_a_balance_that_is_below_zero(shop: Shop, bank: Bank) -> None:
    first = await shop.captured()
    await bank.sweep_at(DUE)
    shop.now = DUE + timedelta(hours=12)
    await shop.payments.refund(first, a_caller(), amount_minor=None, reason="")
    assert await bank.balance(available(MERCHANT)) == NET - 10_000
    await shop.captured()
    await bank.sweep_at(DUE + timedelta(days=7))
    assert await bank.balance(available(MERCHANT)) == 2 * NET - 10_000


async def test_a_lot_is_not_released_by_a_clock_that_is_behind(shop: Shop, bank: Bank) -> None:
    await shop.captured()
    [found] = await bank.lots.due(DUE, lots_max=10)
    shop.now = NOW
    with pytest.raises(NotDueYet):
        await bank.worker().release(found)


async def test_lots_are_given_by_when_they_are_due_with_what_their_merchant_owes(shop: Shop, bank: Bank) -> None:
    lost = await shop.captured()
    shop.now = NOW + timedelta(days=5)
    await shop.captured()
    await charged_back_from_owed(shop, lost)
    first, second = await bank.lots.due(DUE + timedelta(days=30), lots_max=10)
    assert first.lot.due == DUE < second.lot.due
    assert first.owed == second.owed == HUNDRED
    assert [first] == list(await bank.lots.due(DUE + timedelta(days=30), lots_max=1))


async def test_what_is_upcoming_is_shown_until_it_is_released(shop: Shop, bank: Bank, pool: ReadPool) -> None:
    await shop.captured()
    async with pool.connection() as connection:
        [shown] = await upcoming(connection, MERCHANT)
        assert list(await upcoming(connection, None)) == [shown]
        assert await upcoming(connection, "mer_other") == []
    assert (shown.available_at, shown.amount, shown.bucket) == (DUE, Money(NET, "EUR"), Bucket.PENDING)
    await bank.sweep_at(DUE)
    async with pool.connection() as connection:
        assert await upcoming(connection, MERCHANT) == []


async def test_a_lot_that_gets_money_after_its_release_is_released_by_a_second_event(
    shop: Shop, bank: Bank, pool: ReadPool
) -> None:
    await shop.captured()
    await bank.sweep_at(DUE)
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM account_balance WHERE account LIKE '%@%'")
        assert await cursor.fetchall() == [(0,)]
    shop.now = NOW
    await shop.captured()
    assert await bank.sweep_at(DUE) == 1
    assert len(await bank.released()) == 2


async def charged_back_from_owed(shop: Shop, payment_id: PaymentId) -> None:
    """A bank takes all of it back, and nothing of the merchant's covers that."""
    history = await shop.store.history(payment_id)
    command = OpenDispute(dispute_id=DISPUTE, amount=HUNDRED, reason="fraud")
    opened = open_dispute(await shop.payment(payment_id), command, shop.pricing, shop.now, source=DebitSource.OWED)
    cause = a_caller().cause
    recorded = record_all(
        payment_id, len(history), opened, merchant_id=MERCHANT, cause=cause, now=shop.now, updated_at=shop.now
    )
    assert_appended(await shop.store.append(Append(events=recorded)))


async def test_a_lot_larger_than_one_entry_can_move_holds_up_no_other(shop: Shop, bank: Bank) -> None:
    for amount in (Money(2**63 - 1, "EUR"), Money(2**63 - 1, "EUR")):
        entry = JournalEntryPosted(
            cause_id=(cause_id := uuid4()),
            payment_id=None,
            merchant_id=MERCHANT,
            cause="payment.captured.v2",
            cause_version=1,
            postings=(*debit(our_bank("main"), amount), *credit(pending(MERCHANT), amount, DUE)),
        )
        await append_all(shop.store, [stored(entry_id_for(cause_id, 1), 1, entry, merchant_id=MERCHANT)])
    shop.now = DUE + timedelta(days=1)
    while await bank.worker().sweep():
        pass
    assert await bank.balance(available(MERCHANT)) == 2 * (2**63 - 1)
