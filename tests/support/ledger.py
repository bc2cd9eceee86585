"""The ledger's own fold, for comparing the read models with."""

from collections.abc import Iterable

from domain.ledger.accounts import is_lot
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted


def fold_accounts(entries: Iterable[JournalEntryPosted]) -> dict[BalanceKey, int]:
    """The accounts' balances: lots are no accounts of their own."""
    return {key: minor for key, minor in fold_balances(entries).items() if not is_lot(key.account)}
