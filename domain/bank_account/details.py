"""The details of a bank account in each payment scheme, and the part of them that is shown."""

from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from domain.countries import EEA

SHOWN_MAX: Final = 4
"""The most digits of an account's number that are shown: its last ones, and never more than half of it."""


class Scheme(StrEnum):
    IBAN = "iban"
    US_ACH = "us_ach"
    IN_IFSC = "in_ifsc"
    GB_SORT_CODE = "gb_sort_code"


class Iban(Struct, frozen=True, kw_only=True, tag="iban"):
    """ISO 13616; `bic` (ISO 9362) is None where the IBAN alone finds the bank, as in SEPA."""

    iban: str
    bic: str | None = None


class UsAch(Struct, frozen=True, kw_only=True, tag="us_ach"):
    """`routing_number` is the ABA's, nine digits."""

    routing_number: str
    account_number: str


class InIfsc(Struct, frozen=True, kw_only=True, tag="in_ifsc"):
    """`ifsc` is the branch's code by the Reserve Bank of India."""

    ifsc: str
    account_number: str


class GbSortCode(Struct, frozen=True, kw_only=True, tag="gb_sort_code"):
    sort_code: str
    account_number: str


BankDetails = Iban | UsAch | InIfsc | GbSortCode


def scheme_of(details: BankDetails) -> Scheme:
    match details:
        case Iban():
            return Scheme.IBAN
        case UsAch():
            return Scheme.US_ACH
        case InIfsc():
            return Scheme.IN_IFSC
        case GbSortCode():
            return Scheme.GB_SORT_CODE
        case _:
            assert_never(details)


def lacks_bic(details: BankDetails, currency: str) -> bool:
    """Whether a payment in `currency` to the account needs its bank's BIC beside the IBAN, and the BIC is missing.

    Within the European Economic Area the IBAN is enough; "for cross-border SEPA credit transfers outside the EEA, the
    BIC (…) must be provided in addition to the IBAN": Deutsche Bundesbank on the European Payments Council's rules,
    https://www.bundesbank.de/en/tasks/payment-systems/services/sepa.
    """
    if not isinstance(details, Iban) or currency != "EUR":
        return False
    return details.bic is None and country_of(details) not in EEA


def country_of(details: BankDetails) -> str:
    """The country of the account: an IBAN begins with the country's code, and each of the other schemes has one
    country."""
    match details:
        case Iban(iban=iban):
            return iban[:2]
        case UsAch():
            return "US"
        case InIfsc():
            return "IN"
        case GbSortCode():
            return "GB"
        case _:
            assert_never(details)


def currency_of(details: BankDetails) -> str | None:
    """The one currency that the scheme moves; None for an IBAN, which names accounts in any."""
    match details:
        case Iban():
            return None
        case UsAch():
            return "USD"
        case InIfsc():
            return "INR"
        case GbSortCode():
            return "GBP"
        case _:
            assert_never(details)


def number_of(details: BankDetails) -> str:
    """The account's own number."""
    return details.iban if isinstance(details, Iban) else details.account_number


def compacted(details: BankDetails) -> BankDetails:
    """The details without separators: people group an IBAN by fours and a sort code by twos."""
    match details:
        case Iban(iban=iban, bic=bic):
            return Iban(iban=_compact(iban), bic=None if bic is None else _compact(bic))
        case UsAch(routing_number=routing_number, account_number=number):
            return UsAch(routing_number=_compact(routing_number), account_number=_compact(number))
        case InIfsc(ifsc=ifsc, account_number=number):
            return InIfsc(ifsc=_compact(ifsc), account_number=_compact(number))
        case GbSortCode(sort_code=sort_code, account_number=number):
            return GbSortCode(sort_code=_compact(sort_code), account_number=_compact(number))
        case _:
            assert_never(details)


def masked(details: BankDetails) -> str:
    """`DE•• •••• …3000`, or `•••• …6789`: enough to tell one's own accounts apart."""
    number = number_of(details)
    last = number[len(number) - min(SHOWN_MAX, len(number) // 2) :]
    return f"{details.iban[:2]}•• •••• …{last}" if isinstance(details, Iban) else f"•••• …{last}"


def _compact(text: str) -> str:
    return "".join(text.split()).replace("-", "").upper()
