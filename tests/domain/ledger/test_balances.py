"""Balances are what the entries add up to, in any portions, and books that balance come to zero in each currency."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import PaymentId
from domain.ledger.accounts import (
    AccountCode,
    account,
    authorized,
    held,
    holds,
    is_lot,
    lot_of,
    pending,
    platform_fees,
    psp_clearing,
)
from domain.ledger.balances import (
    BalanceKey,
    LimitedChange,
    add_balances,
    fold_balances,
    limited_changes,
    trial_balance,
)
from domain.ledger.entry import JournalEntryPosted, imbalance
from tests.domain.books import entries_of
from tests.domain.recorded import journal_entries
from tests.support.domain import ACQUIRER, DUE, MERCHANT, disputed, eur, partially_captured

PAYMENT = PaymentId(UUID(int=1))
any_entries = st.lists(journal_entries, max_size=4)


@given(any_entries)
def test_debits_equal_credits_in_each_currency(entries: list[JournalEntryPosted]) -> None:
    assert set(imbalance(posting for entry in entries for posting in entry.postings).values()) <= {0}


@given(any_entries, any_entries)
def test_balances_can_be_folded_in_portions(earlier: list[JournalEntryPosted], later: list[JournalEntryPosted]) -> None:
    in_portions = fold_balances(earlier)
    add_balances(in_portions, fold_balances(later))
    assert fold_balances(earlier + later) == in_portions


@given(any_entries)
def test_the_trial_balance_is_what_debits_exceed_credits_by(entries: list[JournalEntryPosted]) -> None:
    """Entries balance; without its last posting each of them would not."""
    balances = fold_balances(entries)
    assert trial_balance(balances) == imbalance(posting for entry in entries for posting in entry.postings)
    for entry in entries:
        last = entry.postings[-1]
        balances[BalanceKey(last.account, last.amount.currency)] -= last.change_minor
    assert Counter(trial_balance(balances)) == Counter(
        imbalance(posting for entry in entries for posting in entry.postings[:-1])
    )


@given(any_entries)
def test_the_balances_that_carry_a_limit_are_those_an_append_has_to_watch(entries: list[JournalEntryPosted]) -> None:
    watched = {change.key: (change.change_minor, change.floor_minor) for change in limited_changes(entries)}
    limited = {
        key: (change_minor, floor_minor)
        for key, change_minor in fold_balances(entries).items()
        if (floor_minor := account(key.account).floor_minor) is not None
    }
    assert watched == limited


def test_no_entries_are_no_balances() -> None:
    assert fold_balances([]) == {}
    assert limited_changes([]) == ()


def test_a_partly_captured_and_a_disputed_payment_leave_these_balances() -> None:
    entries = entries_of(PAYMENT, partially_captured(eur("40.00"), of=eur("100.00")))
    entries += entries_of(PAYMENT, disputed(eur("60.00"), of=eur("100.00")))
    assert fold_balances(entries) == {
        BalanceKey(holds(ACQUIRER), "EUR"): 6000,
        BalanceKey(authorized(MERCHANT), "EUR"): 6000,
        BalanceKey(psp_clearing(ACQUIRER), "EUR"): 14000,
        BalanceKey(pending(MERCHANT), "EUR"): 14000 - 6000 - 146 - 320,
        BalanceKey(lot_of(pending(MERCHANT), DUE), "EUR"): 14000 - 6000 - 146 - 320,
        BalanceKey(held(MERCHANT), "EUR"): 6000,
        BalanceKey(platform_fees(), "EUR"): 146 + 320,
    }


def test_an_append_watches_the_net_change_of_what_it_reserves_and_freezes() -> None:
    entries = entries_of(PAYMENT, disputed(eur("60.00"), of=eur("100.00")))
    assert set(limited_changes(entries)) == {
        LimitedChange(BalanceKey(authorized(MERCHANT), "EUR"), change_minor=0, floor_minor=0),
        LimitedChange(BalanceKey(held(MERCHANT), "EUR"), change_minor=6000, floor_minor=0),
        LimitedChange(
            BalanceKey(lot_of(pending(MERCHANT), DUE), "EUR"), change_minor=10000 - 320 - 6000, floor_minor=0
        ),
    }


def test_an_appends_own_floors_replace_those_of_the_chart_and_of_no_other_balance() -> None:
    entries = entries_of(PAYMENT, disputed(eur("60.00"), of=eur("100.00")))
    floors = {BalanceKey(held(MERCHANT), "EUR"): -500, BalanceKey(held(MERCHANT), "USD"): -700}
    changed = {change.key: change.floor_minor for change in limited_changes(entries, floors)}
    assert changed == {
        BalanceKey(authorized(MERCHANT), "EUR"): 0,
        BalanceKey(held(MERCHANT), "EUR"): -500,
        BalanceKey(lot_of(pending(MERCHANT), DUE), "EUR"): 0,
    }


@given(any_entries)
def test_lots_are_parts_of_their_accounts(entries: list[JournalEntryPosted]) -> None:
    """What has no date is in no lot."""
    balances = fold_balances(entries)
    parts = Counter({key: minor for key, minor in balances.items() if not is_lot(key.account)})
    for key, minor in balances.items():
        if is_lot(key.account):
            parts[BalanceKey(AccountCode(key.account.partition("@")[0]), key.currency)] -= minor
    undated: Counter[BalanceKey] = Counter()
    for posting in (posting for entry in entries for posting in entry.postings if posting.due is None):
        undated[BalanceKey(posting.account, posting.amount.currency)] += posting.change_minor
    assert parts == undated
