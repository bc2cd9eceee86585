"""A merchant takes an account away: nothing more is paid out to it."""

from typing import assert_never

from domain.bank_account.events import BankAccountEvent, BankAccountRemoved
from domain.bank_account.state import BankAccount, Removed, Usable


def remove(bank_account: BankAccount) -> tuple[BankAccountEvent, ...]:
    """Nothing when it is removed already: this may be said as often as one likes."""
    match bank_account:
        case Usable():
            return (BankAccountRemoved(),)
        case Removed():
            return ()
        case _:
            assert_never(bank_account)
