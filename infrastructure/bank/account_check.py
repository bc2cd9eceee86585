"""An account number is refused whose form or check digits are wrong."""

import re
import warnings
from typing import Final, assert_never

from schwifty import BIC, IBAN
from schwifty.exceptions import (
    InvalidBankCode,
    InvalidBBANChecksum,
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    InvalidStructure,
    SchwiftyException,
)

from domain.bank_account.add import Fault
from domain.bank_account.details import BankDetails, GbSortCode, Iban, InIfsc, UsAch

_ROUTING_NUMBER: Final = re.compile(r"[0-9]{9}")
_ROUTING_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)
"""By the American Bankers Association: the weighted digits sum up to a multiple of ten."""
_ACH_ACCOUNT: Final = re.compile(r"[0-9A-Z]{4,17}")
"""Nacha's DFI account number has room for 17."""
_IFSC: Final = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
"""By the Reserve Bank of India: the bank, a zero, the branch."""
_INDIAN_ACCOUNT: Final = re.compile(r"[0-9]{9,18}")
_SORT_CODE: Final = re.compile(r"[0-9]{6}")
_UK_ACCOUNT: Final = re.compile(r"[0-9]{8}")


def account_fault(details: BankDetails) -> Fault | None:
    """The fault of an account number; None means that the account may exist, not that it does."""
    match details:
        case Iban(iban=iban, bic=bic):
            return _iban_fault(iban) or (None if bic is None else _bic_fault(bic))
        case UsAch(routing_number=routing_number, account_number=number):
            if not _ROUTING_NUMBER.fullmatch(routing_number):
                return Fault("routing_number", "has to be nine digits")
            if not _passes_aba(routing_number):
                return Fault("routing_number", "has a wrong check digit")
            if not _ACH_ACCOUNT.fullmatch(number):
                return Fault("account_number", "has to be 4 to 17 letters or digits")
        case InIfsc(ifsc=ifsc, account_number=number):
            if not _IFSC.fullmatch(ifsc):
                return Fault("ifsc", "has to be four letters, a zero, and six letters or digits")
            if not _INDIAN_ACCOUNT.fullmatch(number):
                return Fault("account_number", "has to be 9 to 18 digits")
        case GbSortCode(sort_code=sort_code, account_number=number):
            if not _SORT_CODE.fullmatch(sort_code):
                return Fault("sort_code", "has to be six digits")
            if not _UK_ACCOUNT.fullmatch(number):
                return Fault("account_number", "has to be eight digits")
        case _:
            assert_never(details)
    return None


def _iban_fault(iban: str) -> Fault | None:
    with warnings.catch_warnings():
        # Of some countries schwifty knows no check digits beside the IBAN's own, and says so: there is none to check.
        warnings.simplefilter("ignore")
        try:
            IBAN(iban, validate_bban=True)
        except SchwiftyException as error:
            return Fault("iban", _iban_reason(error, iban[:2]))
    return None


def _iban_reason(error: SchwiftyException, country: str) -> str:
    match error:
        case InvalidCountryCode():
            return f"begins with {country!r}, which is no country that has IBANs"
        case InvalidLength():
            return f"is not as long as an IBAN of {country}"
        case InvalidChecksumDigits():
            return "has wrong check digits"
        case InvalidBBANChecksum():
            return f"has a wrong check digit inside, by the rules of {country}"
        case InvalidBankCode():
            return f"names no bank that {country} has"
        case InvalidStructure():
            return f"is not made up as an IBAN of {country}"
        case _:
            return "is no IBAN"


def _bic_fault(bic: str) -> Fault | None:
    try:
        BIC(bic)
    except SchwiftyException:
        return Fault("bic", "has to be eight or eleven characters: bank, country, place, and perhaps branch")
    return None


def _passes_aba(routing_number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(routing_number, _ROUTING_WEIGHTS, strict=True))
    return total > 0 and total % 10 == 0
