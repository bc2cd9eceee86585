"""A dispute's money is accounted for to the minor unit: frozen, then back or gone, and a fee either way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interfaces.demo.dispute import is_accounted_for
from interfaces.demo.seller import Balance

balances = st.builds(Balance, currency=st.just("EUR"), available=st.integers(-(10**6), 10**6), held=st.integers(0, 99))
amounts = st.integers(1, 10**6)


def moved(balance: Balance, *, available: int, held: int) -> Balance:
    return replace(balance, available=balance.available + available, held=balance.held + held)


@given(balances, amounts, st.integers(0, 5_000))
def test_won_all_but_the_fee_is_back_and_lost_all_is_gone(before: Balance, amount: int, fee: int) -> None:
    frozen = moved(before, available=-amount - fee, held=amount)
    won, lost = moved(frozen, available=amount, held=-amount), moved(frozen, available=0, held=-amount)
    assert is_accounted_for(before, frozen, won, "won")
    assert is_accounted_for(before, frozen, lost, "lost")
    assert not is_accounted_for(before, frozen, won, "lost")
    assert not is_accounted_for(before, frozen, lost, "won")


@pytest.mark.parametrize(("available", "held"), [(0, 0), (1, -9_000), (0, -8_999)])
def test_a_minor_unit_that_is_nowhere_is_found(available: int, held: int) -> None:
    before = Balance(currency="EUR", available=20_000)
    frozen = moved(before, available=-9_000, held=9_000)
    assert not is_accounted_for(before, frozen, moved(frozen, available=available, held=held), "lost")


def test_what_never_was_frozen_was_no_dispute() -> None:
    before = Balance(currency="EUR", available=20_000)
    assert not is_accounted_for(before, before, before, "won")
