"""The request bodies of payouts and bank accounts."""

from typing import Annotated, assert_never

from msgspec import Meta, Struct

from domain.bank_account.details import BankDetails, GbSortCode, Iban, InIfsc, Scheme, UsAch
from interfaces.http.server.fields import PRINTABLE, Amount, Currency, IdempotencyKeyField


class CreatePayoutBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """`currency` has to be the bank account's. `description` shows on its statement, in basic Latin letters."""

    amount: Amount
    currency: Currency
    bank_account_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["ba_01kah2q6c8f3v9w1x5y7z0b4d6"])]
    description: (
        Annotated[str, Meta(min_length=1, max_length=140, pattern=PRINTABLE, examples=["November sales"])] | None
    ) = None
    merchant_id: str | None = None
    idempotency_key: IdempotencyKeyField | None = None


AccountText = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]


class IbanBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.IBAN.value):
    """`iban` may be grouped with spaces. `bic` can be left out: in SEPA the IBAN alone finds the bank."""

    iban: Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE, examples=["DE89 3704 0044 0532 0130 00"])]
    bic: Annotated[str, Meta(min_length=1, max_length=16, pattern=PRINTABLE, examples=["COBADEFFXXX"])] | None = None


class UsAchBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.US_ACH.value):
    """A checking account at a bank in the United States."""

    routing_number: AccountText
    account_number: AccountText


class InIfscBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.IN_IFSC.value):
    """An account at a bank in India."""

    ifsc: AccountText
    account_number: AccountText


class GbSortCodeBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=Scheme.GB_SORT_CODE.value):
    """An account at a bank in the United Kingdom; `sort_code` may be grouped with hyphens."""

    sort_code: AccountText
    account_number: AccountText


DetailsBody = IbanBody | UsAchBody | InIfscBody | GbSortCodeBody


class AddBankAccountBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """`country` is where the account is. `holder_name` has to be spelt in Latin, Greek or Cyrillic letters; a bank file
    has it in basic Latin ones, at most 70 of them."""

    holder_name: Annotated[str, Meta(min_length=1, max_length=140, pattern=PRINTABLE, examples=["Müller & Söhne GmbH"])]
    currency: Currency
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", examples=["DE"])]
    details: DetailsBody
    merchant_id: str | None = None
    idempotency_key: IdempotencyKeyField | None = None


def bank_details(asked: DetailsBody) -> BankDetails:
    match asked:
        case IbanBody(iban=iban, bic=bic):
            return Iban(iban=iban, bic=bic)
        case UsAchBody(routing_number=routing_number, account_number=number):
            return UsAch(routing_number=routing_number, account_number=number)
        case InIfscBody(ifsc=ifsc, account_number=number):
            return InIfsc(ifsc=ifsc, account_number=number)
        case GbSortCodeBody(sort_code=sort_code, account_number=number):
            return GbSortCode(sort_code=sort_code, account_number=number)
        case _:
            assert_never(asked)
