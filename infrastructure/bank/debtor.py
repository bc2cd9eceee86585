"""Whose account is paid from: ours, at our bank."""

from msgspec import Struct

from domain.bank_account.details import Iban
from domain.bank_account.sepa_text import HOLDER_NAME_MAX, sepa_text
from infrastructure.bank.account_check import account_fault


class DebtorInvalid(Exception):
    """Our own account is not written down as a bank would take it."""


class Debtor(Struct, frozen=True, kw_only=True):
    """`name` in the characters of a SEPA file."""

    name: str
    iban: str
    bic: str


def debtor(name: str, iban: str, bic: str) -> Debtor:
    """Raises DebtorInvalid."""
    spelt = sepa_text(name)
    if not spelt or len(spelt) > HOLDER_NAME_MAX:
        raise DebtorInvalid(
            f"the name of our bank account has to be 1 to {HOLDER_NAME_MAX} Latin letters, not {name!r}"
        )
    fault = account_fault(Iban(iban=iban, bic=bic))
    if fault is not None:
        raise DebtorInvalid(f"our bank account's {fault.field} {fault.reason}")
    return Debtor(name=spelt, iban=iban, bic=bic)
