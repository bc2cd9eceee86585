"""What the accounts hold after any number of entries, and which of them an append has to keep above a floor."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from domain.ledger.accounts import AccountCode, account
from domain.ledger.entry import JournalEntryPosted


class BalanceKey(NamedTuple):
    """An account in one currency: the unit in which balances and limits are kept."""

    account: AccountCode
    currency: str


class LimitedChange(NamedTuple):
    """What an append does to a balance that carries a limit, on the account's normal side, in minor units."""

    key: BalanceKey
    change_minor: int
    floor_minor: int


def fold_balances(entries: Iterable[JournalEntryPosted]) -> dict[BalanceKey, int]:
    """Every balance after `entries`, on its account's normal side, in minor units."""
    balances: dict[BalanceKey, int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            balances[BalanceKey(posting.account, posting.amount.currency)] += posting.change_minor
    return dict(balances)


def limited_changes(entries: Iterable[JournalEntryPosted]) -> tuple[LimitedChange, ...]:
    """The net change of each balance with a floor that `entries` touch."""
    changes = []
    for key, change_minor in fold_balances(entries).items():
        floor_minor = account(key.account).floor_minor
        if floor_minor is not None:
            changes.append(LimitedChange(key, change_minor, floor_minor))
    return tuple(changes)
