"""Everything that moves a merchant's money at the same time, in several processes: the books and every limit hold."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from application.dispute.apply_notification import DisputeNotices
from application.dispute.money import DisputeMoney
from application.payment.apply_notification import Again, Done
from application.payment.loaded import load
from application.provider.webhook import DisputeNotification, DisputePhase
from application.settlement.release import Releases
from application.terms.pricing_context import CurrentPricingContexts
from application.write.append import BalanceLimitBroken, TooManyConflicts
from application.write.recording import record_all
from application.write.store import Append, Appended
from domain.dispute.events import DisputeReason
from domain.history import Cause
from domain.identifiers import BankAccountId, DisputeId, PaymentId
from domain.ledger.accounts import account, available, in_transit
from domain.ledger.balances import BalanceKey, fold_balances, trial_balance
from domain.ledger.entry import JournalEntryPosted
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payout.events import PayoutCreated, PayoutTrigger
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.funds.lots import PostgresDueLots
from projections.verification import balance_difference, kept_balances
from tests.application.shop import Shop, a_caller
from tests.support.domain import DUE, MERCHANT, eur
from tests.support.routing import SIMULATOR
from tests.support.store import everything

CAUSE = Cause(actor="psp:simulator", request_id="req_1", trace_id="0" * 32)
LIMIT_MINOR = 5_000


@pytest.mark.parametrize("seed", range(3))
async def test_refunds_disputes_releases_and_payouts_at_once(shop: Shop, database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    terms = shop.pricing.terms
    settlement = replace(terms.settlement, negative_limit_minor={"EUR": LIMIT_MINOR}, reserve_basis_points=500)
    shop.pricing = replace(shop.pricing, terms=replace(terms, settlement=replace(settlement, reserve_days=5)))
    pricing_contexts = CurrentPricingContexts(
        terms_of=lambda _: shop.pricing.terms, rates=lambda: shop.pricing.rates, is_holiday=shop.pricing.is_holiday
    )
    notices = DisputeNotices(DisputeMoney(store=shop.store, pricing_contexts=pricing_contexts, now=shop.clock))
    payments = [await shop.captured() for _ in range(12)]

    async def refund(payment_id: PaymentId) -> None:
        minor = chance.choice([None, 1, 3_333, 9_000])
        await shop.payments.refund(payment_id, a_caller(), amount_minor=minor, reason="")

    async def dispute(payment_id: PaymentId, name: str) -> None:
        told = DisputeNotification(
            event_id=uuid4().hex,
            phase=DisputePhase.CHARGEBACK,
            dispute_id=DisputeId(name),
            amount=eur(chance.choice(["100.00", "40.00"])),
            reason=DisputeReason.FRAUDULENT,
            provider_reason="10.4",
            network=None,
            due=None,
            operation_id=None,
            reference="ch_1",
        )
        for phase in (told.phase, chance.choice([DisputePhase.WON, DisputePhase.LOST]), DisputePhase.WON):
            heard = await notices.apply(
                await load(shop.store, payment_id), SIMULATOR, replace(told, phase=phase), CAUSE
            )
            assert isinstance(heard, Done | Again), heard

    async def pay_out() -> None:
        amount = eur(chance.choice(["50.00", "300.00"]))
        created = PayoutCreated(
            merchant_id=MERCHANT,
            amount=amount,
            bank_account_id=BankAccountId(uuid4()),
            trigger=PayoutTrigger.REQUESTED,
            payout_rule="default:0",
        )
        recorded = record_all(uuid4(), 0, (created,), merchant_id=MERCHANT, cause=CAUSE, now=shop.now)
        paid.append(amount.minor if isinstance(await shop.store.append(Append(events=recorded)), Appended) else 0)

    async def later(act: Awaitable[object]) -> None:
        await asyncio.sleep(chance.random() / 5)
        with suppress(
            BalanceLimitBroken, TooManyConflicts, IllegalTransition, OperationInProgress, RefundExceedsCaptured
        ):
            await act

    async def pass_time() -> None:
        for _ in range(10):
            shop.now += timedelta(hours=12)
            await asyncio.sleep(0.03)

    paid: list[int] = []
    pool = ReadPool(database_url)
    await pool.open()
    try:
        workers = [
            Releases(store=shop.store, lots=PostgresDueLots(pool), now=shop.clock, new_id=uuid4) for _ in range(3)
        ]
        await asyncio.gather(
            pass_time(),
            *(later(refund(chance.choice(payments))) for _ in range(20)),
            *(later(dispute(chance.choice(payments), f"dp_{number}")) for number in range(10)),
            *(later(worker.sweep()) for worker in workers for _ in range(5)),
            *(later(pay_out()) for _ in range(8)),
        )
        shop.now = DUE + timedelta(days=60)
        await asyncio.gather(*(worker.sweep() for worker in workers))
        assert await workers[0].sweep() == 0
        entries = [
            each.event.data for each in await everything(shop.store) if isinstance(each.event.data, JournalEntryPosted)
        ]
        balances = fold_balances(entries)
        async with pool.connection() as connection:
            assert balance_difference((await kept_balances(connection)).minor, balances) is None
    finally:
        await pool.aclose()
    assert set(trial_balance(balances).values()) <= {0}
    assert balances.get(BalanceKey(in_transit(MERCHANT), "EUR"), 0) == sum(paid)
    for key, minor in balances.items():
        floor_minor = account(key.account).floor_minor
        if key.account == available(MERCHANT):
            floor_minor = -LIMIT_MINOR
        assert floor_minor is None or minor >= floor_minor, key
        assert "@" not in key.account or minor == 0, key
