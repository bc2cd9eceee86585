"""Where a debit takes its money from when an account is short: in which order, and that the search ends."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, available, held, lot_of, owed, pending, platform_losses
from domain.payment.debit import (
    PROVIDER_DEBIT_FUNDING,
    REFUND_FUNDING,
    TRUE_UP_FUNDING,
    DebitSource,
    Funding,
    next_funding_source,
)
from tests.support.domain import DUE, MERCHANT, NOW

OTHER_MERCHANT = MerchantId("mer_other")
LOT = lot_of(pending(MERCHANT), DUE)
ACCOUNTS = [
    LOT,
    lot_of(pending(MERCHANT), NOW),
    available(MERCHANT),
    owed(MERCHANT),
    held(MERCHANT),
    pending(MERCHANT),
    available(OTHER_MERCHANT),
    owed(OTHER_MERCHANT),
    platform_losses(),
]
ORDER = {
    REFUND_FUNDING: (
        DebitSource.LOT,
        DebitSource.SHARE,
        DebitSource.AVAILABLE,
        DebitSource.UNRELEASED,
        DebitSource.AVAILABLE,
    ),
    PROVIDER_DEBIT_FUNDING: (DebitSource.LOT, DebitSource.SHARE, DebitSource.AVAILABLE, DebitSource.OWED),
    TRUE_UP_FUNDING: (DebitSource.AVAILABLE, DebitSource.OWED),
}
TRIES_MAX = 6

firsts = st.sampled_from([*ORDER])


def tries(first: Funding, short: Sequence[AccountCode]) -> Sequence[Funding]:
    """Every try while one account after the other is short."""
    made = [first]
    for account in short:
        following = next_funding_source(made[-1], account, MERCHANT)
        if following is None:
            break
        made.append(following)
    return made


def sources(first: Funding, *short: AccountCode) -> Sequence[DebitSource]:
    return [each.source for each in tries(first, short)]


def is_in_order(found: Sequence[DebitSource], order: Sequence[DebitSource]) -> bool:
    rest = iter(order)
    return all(source in rest for source in found)


# properties


@for_any(firsts, st.lists(st.sampled_from(ACCOUNTS), min_size=TRIES_MAX, max_size=TRIES_MAX))
def test_whatever_accounts_are_short_the_search_ends_and_no_try_is_made_twice(
    first: Funding, short: Sequence[AccountCode]
) -> None:
    made = tries(first, short)
    assert len(made) <= TRIES_MAX
    assert next_funding_source(made[-1], short[len(made) - 1], MERCHANT) is None
    assert len(set(made)) == len(made)


@for_any(firsts, st.lists(st.sampled_from(ACCOUNTS), max_size=TRIES_MAX))
def test_whatever_accounts_are_short_the_sources_come_in_their_order(
    first: Funding, short: Sequence[AccountCode]
) -> None:
    made = tries(first, short)
    found = [made[0].source] + [after.source for before, after in pairwise(made) if after.source is not before.source]
    assert is_in_order(found, ORDER[first])


@for_any(firsts, st.lists(st.sampled_from(ACCOUNTS), max_size=TRIES_MAX))
def test_a_debt_once_paid_stays_paid(first: Funding, short: Sequence[AccountCode]) -> None:
    made = tries(first, short)
    assert all(after.debt_is_paid or not before.debt_is_paid for before, after in pairwise(made))


# examples


def test_a_refund_looks_once_for_money_that_is_due_and_not_released() -> None:
    assert sources(REFUND_FUNDING, LOT, LOT, available(MERCHANT), LOT, available(MERCHANT)) == [
        *ORDER[REFUND_FUNDING],
    ]
    assert sources(REFUND_FUNDING, available(MERCHANT), available(MERCHANT)) == [
        DebitSource.LOT,
        DebitSource.UNRELEASED,
    ]


def test_what_a_bank_takes_is_owed_where_the_merchant_does_not_have_it() -> None:
    assert sources(PROVIDER_DEBIT_FUNDING, LOT, LOT, available(MERCHANT)) == [*ORDER[PROVIDER_DEBIT_FUNDING]]
    assert sources(PROVIDER_DEBIT_FUNDING, available(MERCHANT)) == [DebitSource.LOT, DebitSource.OWED]


def test_a_fee_that_is_trued_up_is_owed_where_the_merchant_does_not_have_it() -> None:
    assert sources(TRUE_UP_FUNDING, available(MERCHANT), available(MERCHANT)) == [*ORDER[TRUE_UP_FUNDING]]


def test_what_comes_back_goes_to_the_available_balance_once_the_debt_is_paid() -> None:
    again = next_funding_source(PROVIDER_DEBIT_FUNDING, owed(MERCHANT), MERCHANT)
    assert again == Funding(source=DebitSource.LOT, beyond_available=DebitSource.OWED, debt_is_paid=True)
    assert next_funding_source(again, owed(MERCHANT), MERCHANT) is None


@pytest.mark.parametrize("account", [held(MERCHANT), available(OTHER_MERCHANT), owed(OTHER_MERCHANT)])
@pytest.mark.parametrize("first", [*ORDER])
def test_no_other_source_helps_where_another_account_is_short(first: Funding, account: AccountCode) -> None:
    assert next_funding_source(first, account, MERCHANT) is None
