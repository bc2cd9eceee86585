"""Bank accounts as tests name them: published examples, nobody's."""

from typing import Any

from domain.bank_account.add import AddBankAccount
from domain.bank_account.details import BankDetails, GbSortCode, Iban, InIfsc, Scheme, UsAch
from tests.support.domain import MERCHANT

GERMAN = Iban(iban="DE89370400440532013000", bic="COBADEFFXXX")
FRENCH = Iban(iban="FR1420041010050500013M02606")
BRITISH = Iban(iban="GB29NWBK60161331926819")
DUTCH = Iban(iban="NL91ABNA0417164300")
EMIRATI = Iban(iban="AE070331234567890123456")
DETAILS: dict[Scheme, BankDetails] = {
    Scheme.IBAN: GERMAN,
    Scheme.US_ACH: UsAch(routing_number="021000021", account_number="123456789"),
    Scheme.IN_IFSC: InIfsc(ifsc="HDFC0000001", account_number="50100012345678"),
    Scheme.GB_SORT_CODE: GbSortCode(sort_code="601613", account_number="31926819"),
}
CURRENCY = {Scheme.IBAN: "EUR", Scheme.US_ACH: "USD", Scheme.IN_IFSC: "INR", Scheme.GB_SORT_CODE: "GBP"}
COUNTRY = {Scheme.IBAN: "DE", Scheme.US_ACH: "US", Scheme.IN_IFSC: "IN", Scheme.GB_SORT_CODE: "GB"}


def add_account(scheme: Scheme = Scheme.IBAN, **changed: Any) -> AddBankAccount:
    """The command for the scheme's example, with the fields in `changed` instead."""
    fields: dict[str, Any] = {
        "merchant_id": MERCHANT,
        "holder_name": "Müller & Söhne GmbH",
        "currency": CURRENCY[scheme],
        "country": COUNTRY[scheme],
        "details": DETAILS[scheme],
    }
    return AddBankAccount(**fields | changed)
