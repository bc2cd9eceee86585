"""A bank account at each stage of its life, and how its events lead from one to the next."""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct

from domain.bank_account.details import BankDetails
from domain.bank_account.events import BankAccountAdded, BankAccountEvent, BankAccountRemoved
from domain.identifiers import MerchantId


class Account(Struct, frozen=True, kw_only=True):
    """The details fixed when the account was added."""

    merchant_id: MerchantId
    holder_name: str
    currency: str
    country: str
    details: BankDetails


class Usable(Struct, frozen=True, tag="usable"):
    """Payouts can be sent to the account."""

    account: Account


class Removed(Struct, frozen=True, tag="removed"):
    account: Account


BankAccount = Usable | Removed


def evolve(bank_account: BankAccount | None, event: BankAccountEvent) -> BankAccount:
    """The account after `event`. Refuses nothing: rules live in decisions."""
    match event:
        case BankAccountAdded():
            return Usable(
                Account(
                    merchant_id=event.merchant_id,
                    holder_name=event.holder_name,
                    currency=event.currency,
                    country=event.country,
                    details=event.details,
                )
            )
        case BankAccountRemoved():
            assert bank_account is not None, "a bank account begins with being added"
            return Removed(bank_account.account)
        case _:
            assert_never(event)


def fold(events: Iterable[BankAccountEvent]) -> BankAccount | None:
    """The account as its events make it; None when there are none."""
    bank_account: BankAccount | None = None
    for event in events:
        bank_account = evolve(bank_account, event)
    return bank_account
