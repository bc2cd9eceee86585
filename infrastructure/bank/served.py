"""The payments that a file can carry, by scheme, currency and amount."""

from typing import Final

from schwifty import IBAN

from application.payout.bank_port import InstructionInvalid, SchemeNotServed
from domain.bank_account.details import BankDetails, Iban, Scheme, currency_of, lacks_bic, scheme_of
from domain.money.money import AMOUNT_MINOR_MAX, Money

SEPA_CURRENCY: Final = "EUR"
_AMOUNT_MINOR_MAX: Final = {
    Scheme.IBAN: {SEPA_CURRENCY: 999_999_999_99},  # the EPC's: 11 digits
    Scheme.US_ACH: {"USD": 99_999_999_99},  # Nacha's amount field: 10 digits
}


def payment_fault(amount: Money, details: BankDetails) -> SchemeNotServed | InstructionInvalid | None:
    """Why no file could carry `amount` to that account; None where one can."""
    scheme, only = scheme_of(details), currency_of(details)
    if only is not None and amount.currency != only:
        return SchemeNotServed(scheme=scheme, currency=amount.currency, reason=f"{scheme} moves {only} alone")
    if isinstance(details, Iban) and amount.currency == SEPA_CURRENCY and not _is_in_sepa(details.iban):
        return SchemeNotServed(scheme=scheme, currency=amount.currency, reason="the account is not in a SEPA country")
    if lacks_bic(details, amount.currency):
        reason = "an account outside the EEA is paid with its bank's BIC, which is not known"
        return InstructionInvalid(end_to_end_id="", reason=reason)
    amount_minor_max = _AMOUNT_MINOR_MAX.get(scheme, {}).get(amount.currency, AMOUNT_MINOR_MAX)
    if not 1 <= amount.minor <= amount_minor_max:
        most = Money(amount_minor_max, amount.currency)
        return InstructionInvalid(end_to_end_id="", reason=f"{amount} is not between nothing and {most}")
    return None


def no_account(currency: str, details: BankDetails) -> SchemeNotServed:
    """Of a currency in which our bank keeps no account for us."""
    return SchemeNotServed(scheme=scheme_of(details), currency=currency, reason=f"we have no account in {currency}")


def _is_in_sepa(iban: str) -> bool:
    return IBAN(iban, allow_invalid=True).in_sepa_zone
