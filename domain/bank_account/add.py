"""A faulty bank account is refused when it is added, and not by a bank days later."""

from collections.abc import Callable

from msgspec import Struct

from domain.bank_account.details import BankDetails, compacted, country_of, currency_of, lacks_bic, scheme_of
from domain.bank_account.events import BankAccountAdded
from domain.bank_account.sepa_text import HOLDER_NAME_MAX, sepa_text
from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.identifiers import MerchantId
from domain.money.currencies import decimals


class BankAccountInvalid(DomainError):
    """No bank would take `field`; `reason` is a clause that can follow the field's name."""

    field: str
    reason: str


class Fault(Struct, frozen=True):
    """The reason why `field`, one of the details' own, is refused."""

    field: str
    reason: str


FaultOf = Callable[[BankDetails], Fault | None]
"""The fault of an account's number by its own check digits and form; None where there is none."""


class AddBankAccount(Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    holder_name: str
    currency: str
    country: str
    details: BankDetails


def add(command: AddBankAccount, check: FaultOf) -> BankAccountAdded:
    """The first event of a bank account. Raises BankAccountInvalid, UnknownCurrency, CardDataRefused."""
    decimals(command.currency)
    holder_name = " ".join(command.holder_name.split())
    require_no_card_number("holder_name", holder_name)
    _require_spellable(holder_name)
    details = compacted(command.details)
    fault = check(details)
    if fault is not None:
        raise BankAccountInvalid(field=f"details.{fault.field}", reason=fault.reason)
    country, currency = country_of(details), currency_of(details)
    if command.country != country:
        raise BankAccountInvalid(field="country", reason=f"is not that of the account, which is in {country}")
    if currency not in (None, command.currency):
        raise BankAccountInvalid(field="currency", reason=f"has to be {currency} for {scheme_of(details)}")
    if lacks_bic(details, command.currency):
        raise BankAccountInvalid(field="details.bic", reason="is needed for an account outside the EEA")
    return BankAccountAdded(
        merchant_id=command.merchant_id,
        holder_name=holder_name,
        currency=command.currency,
        country=command.country,
        details=details,
    )


def _require_spellable(holder_name: str) -> None:
    spelt = sepa_text(holder_name)
    if spelt is None:
        raise BankAccountInvalid(
            field="holder_name", reason="has letters that cannot be spelt in Latin ones; write it as the bank does"
        )
    if not any(character.isalnum() for character in spelt):
        raise BankAccountInvalid(field="holder_name", reason="has no letter or digit")
    if len(spelt) > HOLDER_NAME_MAX:
        raise BankAccountInvalid(
            field="holder_name", reason=f"has {len(spelt)} characters in a bank file, which has room for 70"
        )
