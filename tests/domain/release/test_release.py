"""A lot is released whole, in its time, and what the merchant owes is taken out of it first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.accounts import available, held, lot_of, owed, pending
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.rules import entry_for
from domain.money.money import CurrencyMismatch, Money, zero
from domain.release.events import Bucket, FundsReleased
from domain.release.release import Lot, NotDueYet, lot_behind, release
from tests.support.domain import HUNDRED, MERCHANT, eur, usd

DUE = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
NOTHING = zero("EUR")
LOT = Lot(merchant_id=MERCHANT, bucket=Bucket.PENDING, currency="EUR", due=DUE)
RESERVE = replace(LOT, bucket=Bucket.RESERVE)

lots = st.builds(
    Lot,
    merchant_id=st.just(MERCHANT),
    bucket=st.sampled_from(Bucket),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    due=st.integers(0, 6 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
minors = st.integers(0, 10**15)


def test_the_whole_lot_is_released_when_its_time_has_come() -> None:
    [released] = release(LOT, HUNDRED, NOTHING, DUE)
    assert released == FundsReleased(
        merchant_id=MERCHANT, bucket=Bucket.PENDING, due=DUE, amount=HUNDRED, collected=NOTHING
    )


def test_nothing_is_released_before_its_time() -> None:
    with pytest.raises(NotDueYet) as refused:
        release(LOT, HUNDRED, NOTHING, DUE - timedelta(microseconds=1))
    assert refused.value.due == DUE


def test_an_empty_lot_is_not_released() -> None:
    assert release(LOT, NOTHING, HUNDRED, DUE) == ()


def test_what_the_merchant_owes_is_collected_first() -> None:
    [released] = release(LOT, HUNDRED, eur("30.00"), DUE)
    assert released.collected == eur("30.00")


def test_no_more_is_collected_than_is_released() -> None:
    [released] = release(LOT, HUNDRED, eur("300.00"), DUE)
    assert released.collected == HUNDRED


def test_a_lot_is_released_in_its_own_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        release(LOT, usd("1.00"), zero("USD"), DUE)


@given(lot=lots, amount=minors, debt=minors)
def test_the_entry_takes_all_from_the_lot_and_splits_it_between_the_debt_and_the_merchant(
    lot: Lot, amount: int, debt: int
) -> None:
    currency = lot.currency
    for event in release(lot, Money(amount, currency), Money(debt, currency), lot.due):
        entry = entry_for(lot.stream_id, 1, event)
        assert entry is not None
        assert entry.payment_id is None
        balances = fold_balances([entry])
        source = pending(MERCHANT) if lot.bucket is Bucket.PENDING else held(MERCHANT)
        assert balances[BalanceKey(lot.account, currency)] == balances[BalanceKey(source, currency)] == -amount
        collected = -balances.get(BalanceKey(owed(MERCHANT), currency), 0)
        assert collected == min(amount, debt)
        assert balances.get(BalanceKey(available(MERCHANT), currency), 0) == amount - collected


@given(lot=lots)
def test_a_lot_is_found_again_by_the_name_of_its_account(lot: Lot) -> None:
    assert lot_behind(lot.account, lot.currency) == lot


@given(lots, lots)
def test_two_lots_never_share_a_stream(one: Lot, other: Lot) -> None:
    assert (one == other) == (one.stream_id == other.stream_id)


def test_an_account_that_is_no_lot_names_none() -> None:
    for code in (pending(MERCHANT), held(MERCHANT), lot_of(available(MERCHANT), DUE)):
        assert lot_behind(code, "EUR") is None


def test_what_is_pending_and_what_is_reserved_for_the_same_day_are_two_lots() -> None:
    assert LOT.stream_id != RESERVE.stream_id
