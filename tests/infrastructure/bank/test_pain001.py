"""A payment file is valid, says what the batch says, and is the same bytes whenever it is written."""

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from schwifty import IBAN
from schwifty.exceptions import InvalidCountryCode

from application.payout.bank_port import INSTRUCTIONS_MAX, Batch, InstructionInvalid, SchemeNotServed
from domain.bank_account.details import BankDetails, Iban, Scheme, number_of
from domain.bank_account.sepa_text import sepa_text
from domain.countries import COUNTRIES, EEA
from domain.money.currencies import DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX, Money
from infrastructure.bank.debtor import DebtorInvalid, debtor
from infrastructure.bank.pain001 import payment_file
from infrastructure.bank.served import payment_fault
from tests.domain.bank_account.accounts import BRITISH, CURRENCY, DETAILS, DUTCH, EMIRATI, FRENCH, GERMAN
from tests.infrastructure.bank.batches import FIXED, OURS, batch, instruction, paying, read

names = st.text(min_size=1, max_size=140)
currencies = st.sampled_from(sorted(DECIMALS))


def fits(name: str) -> bool:
    """Whether a holder of this name can be paid."""
    spelt = sepa_text(name)
    return spelt is not None and 1 <= len(spelt) <= 70


@st.composite
def payable(draw: st.DrawFn) -> Batch:
    """Any batch that payment_fault lets through, of any names, amounts and remittances."""
    currency = draw(currencies | st.sampled_from(["EUR", "USD", "INR", "GBP"]))
    served = [
        details
        for details in (*DETAILS.values(), FRENCH, BRITISH, DUTCH, EMIRATI)
        if payment_fault(Money(1, currency), details) is None
    ]
    spellable = names.filter(fits)
    return batch(
        *(
            instruction(
                amount=Money(draw(st.integers(1, 9_999_999_999)), currency),
                details=draw(st.sampled_from(served)),
                holder_name=draw(spellable),
                remittance=draw(st.text(max_size=300)),
            )
            for _ in range(draw(st.integers(1, 4)))
        )
    )


@given(payable())
def test_any_batch_that_can_be_paid_is_a_valid_file_which_says_the_same(asked: Batch) -> None:
    file = read(payment_file(asked, OURS))
    total = sum(each.amount.minor for each in asked.instructions)
    assert file.message_id == asked.message_id
    assert file.debtor == (OURS.name, OURS.iban)
    assert file.execution_date == "2026-11-23"
    assert set(file.counts) == {len(asked.instructions)}
    assert set(file.sums) == {decimal(Money(total, asked.currency))}
    assert [
        (each.end_to_end_id, each.amount, each.currency, each.creditor, each.account) for each in file.transfers
    ] == [
        (
            each.end_to_end_id,
            decimal(each.amount),
            asked.currency,
            sepa_text(each.holder_name),
            number_of(each.details),
        )
        for each in asked.instructions
    ]
    assert all(1 <= len(each.remittance) <= 140 for each in file.transfers)


@given(payable())
def test_a_batch_is_the_same_bytes_each_time(asked: Batch) -> None:
    assert payment_file(asked, OURS) == payment_file(asked, OURS)


def test_another_process_writes_the_same_bytes() -> None:
    program = "\n".join(
        (
            "import sys",
            "from infrastructure.bank.pain001 import payment_file",
            "from tests.infrastructure.bank.batches import FIXED, OURS",
            "sys.stdout.buffer.write(payment_file(FIXED, OURS))",
        )
    )
    written = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout
    assert written == payment_file(FIXED, OURS)


def test_the_file_bears_the_time_and_the_name_of_the_batch() -> None:
    file = read(payment_file(FIXED, OURS))
    assert (file.message_id, file.created_at) == ("batch-7", "2026-11-21T12:00:00Z")


def test_what_xml_reserves_is_text_like_any_other() -> None:
    content = payment_file(batch(instruction(holder_name="A&B <C> 'D'", remittance="]]> & <!--")), OURS)
    [transfer] = read(content).transfers
    assert (transfer.creditor, transfer.remittance) == ("A+B .C. 'D'", ")). + ..--")


def test_a_remittance_that_cannot_be_spelt_still_says_something() -> None:
    [transfer] = read(payment_file(batch(instruction(remittance="王小明")), OURS)).transfers
    assert transfer.remittance == "Payout"


@pytest.mark.parametrize("scheme", Scheme)
def test_every_scheme_is_served_in_its_currency(scheme: Scheme) -> None:
    content = payment_file(paying(Money(2500, CURRENCY[scheme]), DETAILS[scheme]), OURS)
    [transfer] = read(content).transfers
    assert (transfer.amount, transfer.account) == (Decimal("25.00"), number_of(DETAILS[scheme]))


@pytest.mark.parametrize(
    ("code", "member", "scheme"),
    [
        ("USABA", "021000021", Scheme.US_ACH),
        ("INFSC", "HDFC0000001", Scheme.IN_IFSC),
        ("GBDSC", "601613", Scheme.GB_SORT_CODE),
    ],
)
def test_a_bank_without_a_bic_is_named_by_its_clearing_code(code: str, member: str, scheme: Scheme) -> None:
    content = payment_file(paying(Money(1, CURRENCY[scheme]), DETAILS[scheme]), OURS).decode()
    assert f"<ClrSysMmbId><ClrSysId><Cd>{code}</Cd></ClrSysId><MmbId>{member}</MmbId></ClrSysMmbId>" in content


def test_euros_to_a_sepa_account_go_by_sepa_and_other_currencies_do_not() -> None:
    assert b"<SvcLvl><Cd>SEPA</Cd></SvcLvl>" in payment_file(paying(Money(1, "EUR"), FRENCH), OURS)
    assert b"SEPA" not in payment_file(paying(Money(1, "AED"), EMIRATI), OURS)


@pytest.mark.parametrize(
    ("amount", "details"),
    [
        (Money(1, "EUR"), EMIRATI),
        (Money(1, "EUR"), DETAILS[Scheme.US_ACH]),
        (Money(1, "USD"), DETAILS[Scheme.IN_IFSC]),
        (Money(1, "EUR"), DETAILS[Scheme.GB_SORT_CODE]),
    ],
    ids=str,
)
def test_a_scheme_that_does_not_move_the_currency_is_not_served(amount: Money, details: BankDetails) -> None:
    assert isinstance(payment_fault(amount, details), SchemeNotServed)
    with pytest.raises(SchemeNotServed) as refused:
        payment_file(paying(amount, details), OURS)
    assert refused.value.currency == amount.currency


@pytest.mark.parametrize(
    ("amount_minor_max", "currency", "details"),
    [
        (99_999_999_999, "EUR", GERMAN),
        (9_999_999_999, "USD", DETAILS[Scheme.US_ACH]),
        (AMOUNT_MINOR_MAX, "INR", DETAILS[Scheme.IN_IFSC]),
        (AMOUNT_MINOR_MAX, "KWD", EMIRATI),
    ],
    ids=str,
)
def test_the_largest_amount_that_a_scheme_takes_is_paid_and_no_more(
    amount_minor_max: int, currency: str, details: BankDetails
) -> None:
    largest = Money(amount_minor_max, currency)
    [transfer] = read(payment_file(paying(largest, details), OURS)).transfers
    assert transfer.amount == decimal(largest)
    for minor in (amount_minor_max + 1, 0, -1):
        assert isinstance(payment_fault(Money(minor, currency), details), InstructionInvalid)
        with pytest.raises(InstructionInvalid):
            payment_file(paying(Money(minor, currency), details), OURS)


TWICE = instruction()
UNSOUND: dict[str, Batch] = {
    "empty": batch(),
    "an id twice": batch(TWICE, TWICE),
    "another currency": batch(instruction(), currency="CHF"),
    "an id too long": batch(instruction(end_to_end_id="x" * 36)),
    "an id with a space": batch(instruction(end_to_end_id="payout 1")),
    "a message id too long": batch(instruction(), message_id="x" * 36),
    "no message id": batch(instruction(), message_id=""),
    "a name that cannot be spelt": batch(instruction(holder_name="王小明")),
    "a name too long": batch(instruction(holder_name="x" * 71)),
    "a sum too large": batch(*(instruction(amount=Money(AMOUNT_MINOR_MAX, "INR"), details=DETAILS[Scheme.IN_IFSC])
                              for _ in range(112))),
}  # fmt: skip


@pytest.mark.parametrize("unsound", UNSOUND.values(), ids=UNSOUND)
def test_what_no_file_can_carry_is_refused(unsound: Batch) -> None:
    with pytest.raises(InstructionInvalid):
        payment_file(unsound, OURS)


def test_a_batch_has_a_limit() -> None:
    one = instruction()
    many = batch(*(instruction(end_to_end_id=f"payout-{number}") for number in range(INSTRUCTIONS_MAX + 1)))
    with pytest.raises(InstructionInvalid) as refused:
        payment_file(many, OURS)
    assert str(INSTRUCTIONS_MAX) in refused.value.reason
    assert len(read(payment_file(batch(one), OURS)).transfers) == 1


@pytest.mark.parametrize(
    ("name", "iban", "bic"),
    [
        ("", OURS.iban, OURS.bic),
        ("王小明", OURS.iban, OURS.bic),
        ("Us", "NL00ABNA0417164300", OURS.bic),
        ("Us", OURS.iban, "x"),
    ],
)
def test_our_own_account_is_checked_too(name: str, iban: str, bic: str) -> None:
    with pytest.raises(DebtorInvalid):
        debtor(name, iban, bic)


def decimal(amount: Money) -> Decimal:
    return Decimal(amount.minor).scaleb(-DECIMALS[amount.currency])


def test_iban_and_number_stand_where_each_belongs() -> None:
    iban = payment_file(paying(Money(1, "GBP"), BRITISH), OURS)
    number = payment_file(paying(Money(1, "GBP"), DETAILS[Scheme.GB_SORT_CODE]), OURS)
    assert b"<CdtrAcct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id></CdtrAcct>" in iban
    assert b"<Othr><Id>31926819</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>" in number


# out of the European Economic Area


SWISS = Iban(iban="CH9300762011623852957")
MONEGASQUE = Iban(iban="MC5811222000010123456789030")


@pytest.mark.parametrize("details", [BRITISH, SWISS, MONEGASQUE], ids=lambda details: details.iban[:2])
def test_euros_out_of_the_eea_need_the_bic_of_the_bank(details: Iban) -> None:
    amount = Money(100, "EUR")
    assert isinstance(payment_fault(amount, details), InstructionInvalid)
    with pytest.raises(InstructionInvalid, match="BIC"):
        payment_file(paying(amount, details), OURS)
    known = replace(details, bic="NWBKGB2LXXX")
    assert payment_fault(amount, known) is None
    assert b"<CdtrAgt><FinInstnId><BICFI>NWBKGB2LXXX</BICFI>" in payment_file(paying(amount, known), OURS)


def test_within_the_eea_the_iban_alone_is_enough() -> None:
    for details in (FRENCH, DUTCH):
        assert payment_fault(Money(100, "EUR"), details) is None
        assert b"<CdtrAgt>" not in payment_file(paying(Money(100, "EUR"), details), OURS)


def test_the_eea_is_in_the_single_euro_payments_area() -> None:
    """As schwifty's table of it says, whose others are those that need a BIC."""
    sepa = {country for country in COUNTRIES if _in_sepa(country)}
    assert sepa > EEA
    assert {"GB", "CH", "MC", "SM", "AD", "VA"} <= sepa - EEA


def _in_sepa(country: str) -> bool:
    try:
        return IBAN(f"{country}00", allow_invalid=True).in_sepa_zone
    except InvalidCountryCode:
        return False


# from which of our accounts


BY_CURRENCY = debtor(
    "Tallystick Demo GmbH",
    "NL91ABNA0417164300",
    "ABNANL2A",
    '{"USD": {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}}',
)


def test_a_batch_is_paid_from_our_account_in_its_currency() -> None:
    dollars = payment_file(paying(Money(1, "USD"), DETAILS[Scheme.US_ACH]), BY_CURRENCY)
    assert b"<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>USD</Ccy></DbtrAcct>" in dollars
    assert b"<DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt>" in dollars
    assert read(payment_file(paying(Money(1, "EUR"), FRENCH), BY_CURRENCY)).debtor[1] == "NL91ABNA0417164300"


def test_a_currency_in_which_we_have_no_account_is_not_paid() -> None:
    with pytest.raises(SchemeNotServed, match="we have no account in GBP"):
        payment_file(paying(Money(1, "GBP"), BRITISH), BY_CURRENCY)


@pytest.mark.parametrize(
    "accounts",
    [
        "{",
        "[]",
        '{"USD": "DE89370400440532013000"}',
        '{"USD": {"iban": "DE89370400440532013001", "bic": "COBADEFFXXX"}}',
        '{"EUX": {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}}',
        '{"USD": {"iban": "DE89370400440532013000"}}',
    ],
)
def test_our_accounts_by_currency_are_checked_too(accounts: str) -> None:
    with pytest.raises(DebtorInvalid):
        debtor("Tallystick Demo GmbH", "NL91ABNA0417164300", "ABNANL2A", accounts)
