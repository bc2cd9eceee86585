"""A refund is taken from where the merchant has the money: in flight it is debited already, and no limit is passed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from application.write.append import BalanceLimitBroken
from application.write.recording import record_all
from application.write.store import Append
from domain.identifiers import PaymentId
from domain.ledger.accounts import AccountCode, available, held, lot_of, pending
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money, zero
from domain.payment.events import RefundStarted
from domain.payment.proceeds import Drawn, LotShare, from_available
from domain.payment.state import Captured
from domain.release.events import Bucket, FundsReleased
from tests.application.shop import Shop, a_caller
from tests.support.domain import DUE, HUNDRED, MERCHANT, NOW, agreed, eur, from_lot
from tests.support.store import CAUSE, assert_appended, everything, open_store

NET = eur("96.80")
"""What HUNDRED brings after its fee."""
LIMIT = eur("3.00")
LOT = lot_of(pending(MERCHANT), DUE)


@pytest.fixture
async def limited(database_url: str) -> AsyncIterator[Shop]:
    """A shop whose merchant's balance may fall to LIMIT below zero."""
    async with open_store(database_url) as store:
        opened = Shop(store, pricing=agreed(negative_limit_minor=LIMIT.minor))
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


async def balance(shop: Shop, account: AccountCode) -> int:
    entries = [event.event.data for event in await everything(shop.store)]
    posted = fold_balances(entry for entry in entries if isinstance(entry, JournalEntryPosted))
    return posted.get(BalanceKey(account, "EUR"), 0)


async def refund(shop: Shop, payment_id: PaymentId, amount: Money | None = None, key: str | None = None) -> None:
    minor = None if amount is None else amount.minor
    await shop.payments.refund(payment_id, a_caller(key), amount_minor=minor, reason="")


async def drawn(shop: Shop, payment_id: PaymentId) -> Drawn:
    """By the payment's last refund."""
    started = [
        event.event.data
        for event in await shop.store.history(payment_id)
        if isinstance(event.event.data, RefundStarted)
    ]
    assert started[-1].debit is not None
    return started[-1].debit.drawn


async def release(shop: Shop, amount: Money) -> None:
    """The lot of the day becomes available, whatever the shop's clock says."""
    event = FundsReleased(
        merchant_id=MERCHANT, bucket=Bucket.PENDING, due=DUE, amount=amount, collected=zero(amount.currency)
    )
    events = record_all(uuid4(), 0, (event,), merchant_id=MERCHANT, cause=CAUSE, now=NOW)
    assert_appended(await shop.store.append(Append(events=events)))


# from where


async def test_what_others_brought_to_the_lot_of_the_day_serves_first(shop: Shop) -> None:
    payment_id, _other = await shop.captured(), await shop.captured()
    await refund(shop, payment_id)
    assert await drawn(shop, payment_id) == from_lot(HUNDRED)
    assert await balance(shop, LOT) == 2 * NET.minor - HUNDRED.minor
    assert await balance(shop, available(MERCHANT)) == 0
    await shop.assert_books_hold()


async def test_alone_its_own_share_of_the_lot_and_then_what_is_available_down_to_the_limit(shop: Shop) -> None:
    payment_id = await shop.captured()
    await refund(shop, payment_id)
    assert await drawn(shop, payment_id) == Drawn(
        pending=(LotShare(DUE, NET),), available=HUNDRED - NET, owed=zero("EUR")
    )
    assert await balance(shop, LOT) == 0
    assert await balance(shop, available(MERCHANT)) == NET.minor - HUNDRED.minor
    await shop.assert_books_hold()


async def test_when_the_lot_was_released_before_its_time_all_of_what_is_available(shop: Shop) -> None:
    """By a clock ahead of ours: neither what others brought to it nor its own share are there any more."""
    payment_id = await shop.captured()
    await release(shop, NET)
    await refund(shop, payment_id)
    assert await drawn(shop, payment_id) == from_available(HUNDRED)
    assert await balance(shop, available(MERCHANT)) == NET.minor - HUNDRED.minor
    await shop.assert_books_hold()


async def test_when_it_is_released_between_the_decision_and_the_append_it_is_decided_anew(shop: Shop) -> None:
    payment_id = await shop.captured()
    shop.flaky.before_append = [lambda: release(shop, NET)]
    await refund(shop, payment_id, eur("30.00"))
    assert await drawn(shop, payment_id) == from_available(eur("30.00"))
    assert len([name for name in await shop.events(payment_id) if name.startswith("payment.refund_started")]) == 1
    await shop.assert_books_hold()


async def test_once_it_is_due_it_is_taken_from_what_is_available_at_once(shop: Shop) -> None:
    payment_id = await shop.captured()
    await release(shop, NET)
    shop.now = DUE + timedelta(seconds=1)
    await refund(shop, payment_id, eur("30.00"))
    assert await drawn(shop, payment_id) == from_available(eur("30.00"))


# the limit


async def test_beyond_the_limit_it_is_refused_leaves_no_event_and_does_not_use_up_its_key(limited: Shop) -> None:
    payment_id = await limited.captured()
    await release(limited, NET)
    head, asked = await limited.store.head(), len(limited.provider.asked)
    for source in "pending", "available":
        with pytest.raises(BalanceLimitBroken) as refusal:
            await refund(limited, payment_id, key="key")
        assert refusal.value.account == available(MERCHANT), source
        limited.now = DUE
    assert (await limited.store.head(), len(limited.provider.asked)) == (head, asked)
    assert isinstance(await limited.payment(payment_id), Captured)
    await refund(limited, payment_id, NET + LIMIT, key="key")
    assert await balance(limited, available(MERCHANT)) == -LIMIT.minor
    with pytest.raises(BalanceLimitBroken):
        await refund(limited, payment_id, eur("0.01"))
    await limited.assert_books_hold()


async def test_refunds_in_flight_are_debited_so_that_together_they_never_pass_the_limit(limited: Shop) -> None:
    """Ten at once, whose outcomes nobody knows: 968.00 pay for nine of 100.00."""
    payments = [await limited.captured() for _ in range(10)]
    await release(limited, Money(10 * NET.minor, "EUR"))
    limited.now = DUE
    limited.provider.loses_answers = True
    outcomes = await asyncio.gather(*(refund(limited, one) for one in payments), return_exceptions=True)
    [refused] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refused, BalanceLimitBroken)
    assert await balance(limited, available(MERCHANT)) == 968_00 - 900_00
    assert await balance(limited, held(MERCHANT)) == 900_00
    limited.provider.loses_answers = False
    await limited.settle_down()
    assert await balance(limited, held(MERCHANT)) == 0
    await limited.assert_books_hold()


async def test_what_a_refused_refund_was_debited_is_there_again(limited: Shop) -> None:
    payment_id = await limited.captured()
    limited.provider.unreachable = True
    await refund(limited, payment_id, NET)
    assert await balance(limited, LOT) == NET.minor
    assert await balance(limited, held(MERCHANT)) == 0
    limited.provider.unreachable = False
    await refund(limited, payment_id, NET)
    assert await balance(limited, LOT) == 0
    await limited.assert_books_hold()


async def test_what_is_due_and_not_released_yet_still_pays_for_a_refund(limited: Shop) -> None:
    payment_id = await limited.captured()
    limited.now = DUE
    await refund(limited, payment_id, NET)
    assert await balance(limited, LOT) == 0
    await limited.assert_books_hold()
