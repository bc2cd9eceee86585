"""An account whose own digits do not agree is no account; one whose digits do may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bank_account.details import BankDetails, GbSortCode, Iban, InIfsc, UsAch
from infrastructure.bank.account_check import account_fault
from tests.domain.bank_account.accounts import BRITISH, DETAILS, DUTCH, EMIRATI, FRENCH, GERMAN

GOOD = [*DETAILS.values(), BRITISH, DUTCH, EMIRATI, FRENCH, Iban(iban="SE4550000000058398257466")]
BAD: dict[str, tuple[BankDetails, str]] = {
    "an IBAN's check digits": (Iban(iban="DE88370400440532013000"), "has wrong check digits"),
    "an IBAN's length": (Iban(iban="NL91ABNA041716430"), "is not as long as an IBAN of NL"),
    "no country": (Iban(iban="XX89370400440532013000"), "begins with 'XX'"),
    "no IBAN": (Iban(iban="hello"), ""),
    "nothing": (Iban(iban=""), ""),
    "a BIC": (Iban(iban=GERMAN.iban, bic="COBA"), "eight or eleven"),
    "a routing number's check digit": (UsAch(routing_number="021000022", account_number="123456"), "check digit"),
    "a routing number of zeros": (UsAch(routing_number="000000000", account_number="123456"), "check digit"),
    "a routing number's length": (UsAch(routing_number="02100002", account_number="123456"), "nine digits"),
    "an American account": (UsAch(routing_number="021000021", account_number="1" * 18), "4 to 17"),
    "an IFSC": (InIfsc(ifsc="HDFC1000001", account_number="50100012345678"), "a zero"),
    "an Indian account": (InIfsc(ifsc="HDFC0000001", account_number="12345678"), "9 to 18"),
    "a sort code": (GbSortCode(sort_code="60161", account_number="31926819"), "six digits"),
    "a British account": (GbSortCode(sort_code="601613", account_number="3192681"), "eight digits"),
    "digits of another script": (GbSortCode(sort_code="٦٠١٦١٣", account_number="31926819"), "six digits"),
}


@pytest.mark.parametrize("details", GOOD, ids=str)
def test_a_published_example_is_in_order(details: BankDetails) -> None:
    assert account_fault(details) is None


@pytest.mark.parametrize(("details", "reason"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_without_saying_the_number(details: BankDetails, reason: str) -> None:
    fault = account_fault(details)
    assert fault is not None
    assert reason in fault.reason
    assert fault.field in type(details).__struct_fields__
    number = getattr(details, fault.field)
    assert len(number) < 3 or number not in fault.reason


@given(place=st.integers(4, 21), digit=st.sampled_from("0123456789"))
def test_one_digit_mistyped_in_an_iban_is_noticed(place: int, digit: str) -> None:
    mistyped = GERMAN.iban[:place] + digit + GERMAN.iban[place + 1 :]
    assert (account_fault(Iban(iban=mistyped)) is None) == (mistyped == GERMAN.iban)


@given(place=st.integers(0, 8), digit=st.sampled_from("0123456789"))
def test_one_digit_mistyped_in_a_routing_number_is_noticed(place: int, digit: str) -> None:
    mistyped = "021000021"[:place] + digit + "021000021"[place + 1 :]
    fault = account_fault(UsAch(routing_number=mistyped, account_number="123456"))
    assert (fault is None) == (mistyped == "021000021")


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    account_fault(Iban(iban=text, bic=text))
    account_fault(Iban(iban=GERMAN.iban, bic=text))
