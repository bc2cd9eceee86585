"""The debtor of a payout: our account at our bank, in the currency of the payout."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.bank_account.details import Iban
from domain.bank_account.sepa_text import HOLDER_NAME_MAX, sepa_text
from domain.money.currencies import READABLE_DECIMALS
from infrastructure.bank.account_check import account_fault

EURO = "EUR"


class DebtorInvalid(Exception):
    """Our own account is not in a form that a bank accepts."""


class DebtorAccount(Struct, frozen=True, forbid_unknown_fields=True):
    iban: str
    bic: str


class Debtor(Struct, frozen=True, kw_only=True):
    """`name` in the characters of a SEPA file. `iban` is our account for euros, and for every other currency where
    `accounts` is empty; where it is not, a currency that it does not name is not paid."""

    name: str
    iban: str
    bic: str
    accounts: Mapping[str, DebtorAccount] = {}

    def paying_in(self, currency: str) -> "Debtor | None":
        """With the account from which `currency` is paid; None where there is none."""
        account = self.accounts.get(currency)
        if account is not None:
            return replace(self, iban=account.iban, bic=account.bic)
        return self if currency == EURO or not self.accounts else None


def debtor(name: str, iban: str, bic: str, accounts: str = "") -> Debtor:
    """`accounts` is a JSON object of our accounts in other currencies:
    `{"USD": {"iban": "…", "bic": "…"}}`. Raises DebtorInvalid."""
    spelt = sepa_text(name)
    if not spelt or len(spelt) > HOLDER_NAME_MAX:
        raise DebtorInvalid(
            f"the name of our bank account has to be 1 to {HOLDER_NAME_MAX} Latin letters, not {name!r}"
        )
    others = _accounts(accounts)
    for currency, account in {EURO: DebtorAccount(iban, bic), **others}.items():
        fault = account_fault(Iban(iban=account.iban, bic=account.bic))
        if fault is not None:
            raise DebtorInvalid(f"our bank account's {fault.field} {fault.reason} ({currency})")
    return Debtor(name=spelt, iban=iban, bic=bic, accounts=others)


def _accounts(text: str) -> Mapping[str, DebtorAccount]:
    if not text:
        return {}
    try:
        accounts = msgspec.json.decode(text, type=dict[_Currency, DebtorAccount])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise DebtorInvalid(f"our accounts by currency cannot be read: {error}") from error
    unknown = sorted(accounts.keys() - READABLE_DECIMALS.keys())
    if unknown:
        raise DebtorInvalid(f"{unknown[0]} is no currency of ISO 4217")
    return accounts


_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
