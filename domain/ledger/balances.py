"""The balances of accounts after any number of entries, and the balances that an append has to keep above a floor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from domain.ledger.accounts import AccountCode, Side, account, is_lot, lot_of
from domain.ledger.entry import JournalEntryPosted


class BalanceKey(NamedTuple):
    """An account in one currency: the unit in which balances and limits are kept."""

    account: AccountCode
    currency: str


class LimitedChange(NamedTuple):
    """The change of a limited balance by an append, on the account's normal side, in minor units."""

    key: BalanceKey
    change_minor: int
    floor_minor: int


def fold_balances(entries: Iterable[JournalEntryPosted]) -> dict[BalanceKey, int]:
    """Every balance after `entries`, on its account's normal side, in minor units; the balances of lots beside those
    of their accounts."""
    balances: dict[BalanceKey, int] = {}
    for entry in entries:
        post(balances, entry)
    return balances


def post(balances: dict[BalanceKey, int], entry: JournalEntryPosted) -> None:
    """Add `entry` to `balances`. Raises UnknownAccount."""
    for posting in entry.postings:
        code, currency, change_minor = posting.account, posting.amount.currency, posting.change_minor
        key = BalanceKey(code, currency)
        balances[key] = balances.get(key, 0) + change_minor
        if posting.due is not None:
            lot = BalanceKey(lot_of(code, posting.due), currency)
            balances[lot] = balances.get(lot, 0) + change_minor


def add_balances(balances: dict[BalanceKey, int], more: Mapping[BalanceKey, int]) -> None:
    """Add `more`, the balances of further entries, to `balances`."""
    for key, minor in more.items():
        balances[key] = balances.get(key, 0) + minor


def trial_balance(balances: Mapping[BalanceKey, int]) -> dict[str, int]:
    """All debits less all credits in each currency, in minor units: zero everywhere, for books that balance."""
    totals: dict[str, int] = defaultdict(int)
    for key, minor in balances.items():
        if is_lot(key.account):
            continue
        totals[key.currency] += minor if account(key.account).normal is Side.DEBIT else -minor
    return dict(totals)


def limited_changes(
    entries: Iterable[JournalEntryPosted], floors: Mapping[BalanceKey, int] = MappingProxyType({})
) -> tuple[LimitedChange, ...]:
    """The net change of each balance with a floor, and of each lot, that `entries` touch; `floors` are those that
    replace the chart's."""
    changes = []
    for key, change_minor in fold_balances(entries).items():
        floor_minor = account(key.account).floor_minor
        if floor_minor is not None:
            changes.append(LimitedChange(key, change_minor, floors.get(key, floor_minor)))
    return tuple(changes)
