"""A removed bank account takes no new payouts."""

from typing import assert_never

from domain.bank_account.events import BankAccountEvent, BankAccountRemoved
from domain.bank_account.state import BankAccount, Removed, Usable


def remove(bank_account: BankAccount) -> tuple[BankAccountEvent, ...]:
    """Remove the account; no event where the account is removed already."""
    match bank_account:
        case Usable():
            return (BankAccountRemoved(),)
        case Removed():
            return ()
        case _:
            assert_never(bank_account)
