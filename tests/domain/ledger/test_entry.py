"""An entry balances in each currency, or it cannot be built, and not read from the store either."""

from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.identifiers import PaymentId
from domain.ledger.accounts import (
    Account,
    AccountCode,
    Side,
    UnknownAccount,
    account,
    authorized,
    held,
    holds,
    is_lot,
    lot_of,
    owed,
    pending,
    platform_fees,
    psp_clearing,
)
from domain.ledger.entry import JournalEntryPosted, Posting, Unbalanced, entry_id_for, imbalance
from domain.money.money import Money
from tests.support.domain import ACQUIRER, DUE, MERCHANT, amounts, eur, usd

PAYMENT = PaymentId(UUID(int=1))
CODES = [psp_clearing(ACQUIRER), holds(ACQUIRER), authorized(MERCHANT), pending(MERCHANT), held(MERCHANT)]
transfers = st.tuples(st.sampled_from(CODES), st.sampled_from(CODES), amounts())


def entry(*postings: Posting) -> JournalEntryPosted:
    return JournalEntryPosted(
        cause_id=PAYMENT,
        payment_id=PAYMENT,
        merchant_id=MERCHANT,
        cause="payment.captured.v2",
        cause_version=5,
        postings=postings,
    )


def debit(amount: Money) -> Posting:
    return Posting(psp_clearing(ACQUIRER), Side.DEBIT, amount)


def credit(amount: Money) -> Posting:
    return Posting(pending(MERCHANT), Side.CREDIT, amount)


def both_sides(transfer: tuple[AccountCode, AccountCode, Money]) -> tuple[Posting, Posting]:
    debited, credited, amount = transfer
    return Posting(debited, Side.DEBIT, amount), Posting(credited, Side.CREDIT, amount)


# balanced, or not at all


@given(st.lists(transfers, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_postings_that_balance_in_each_currency_make_an_entry_in_any_order(
    moved: list[tuple[AccountCode, AccountCode, Money]], order: Random
) -> None:
    postings = [posting for transfer in moved for posting in both_sides(transfer)]
    order.shuffle(postings)
    assert set(imbalance(entry(*postings).postings).values()) == {0}


@given(st.lists(transfers, min_size=1, max_size=6), st.data())
def test_an_entry_that_lost_a_posting_cannot_be_built(
    moved: list[tuple[AccountCode, AccountCode, Money]], data: st.DataObject
) -> None:
    postings = [posting for transfer in moved for posting in both_sides(transfer)]
    postings.pop(data.draw(st.integers(0, len(postings) - 1)))
    with pytest.raises(Unbalanced):
        entry(*postings)


@given(amounts("EUR"), amounts("EUR"))
def test_an_entry_whose_sides_differ_cannot_be_built(debited: Money, credited: Money) -> None:
    assume(debited != credited)
    with pytest.raises(Unbalanced):
        entry(debit(debited), credit(credited))


def test_an_entry_of_nothing_cannot_be_built() -> None:
    with pytest.raises(Unbalanced):
        entry()


def test_two_currencies_do_not_balance_each_other() -> None:
    with pytest.raises(Unbalanced):
        entry(debit(eur("1.00")), credit(usd("1.00")))


@pytest.mark.parametrize("minor", [0, -100])
def test_a_posting_says_its_direction_by_its_side_and_never_by_its_sign(minor: int) -> None:
    with pytest.raises(Unbalanced):
        entry(debit(Money(minor, "EUR")), credit(Money(minor, "EUR")))


def test_an_entry_that_does_not_balance_is_not_read_either() -> None:
    stored = msgspec.json.encode(entry(debit(eur("1.00")), credit(eur("1.00"))))
    tampered = stored.replace(b'"minor":100', b'"minor":101', 1)
    with pytest.raises(msgspec.ValidationError, match="debits exceed credits by 1 minor units of EUR"):
        msgspec.json.decode(tampered, type=JournalEntryPosted)


# sides and accounts


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (psp_clearing(ACQUIRER), Account(Side.DEBIT)),
        (holds(ACQUIRER), Account(Side.DEBIT)),
        (authorized(MERCHANT), Account(Side.CREDIT, floor_minor=0)),
        (pending(MERCHANT), Account(Side.CREDIT)),
        (held(MERCHANT), Account(Side.CREDIT, floor_minor=0)),
        (platform_fees(), Account(Side.CREDIT)),
        (AccountCode("psp:northbank:fees"), Account(Side.DEBIT)),
        (AccountCode("bank:main"), Account(Side.DEBIT)),
        (AccountCode("merchant:mer_acme:available"), Account(Side.CREDIT, floor_minor=0)),
        (AccountCode("merchant:mer_acme:in_transit"), Account(Side.CREDIT, floor_minor=0)),
        (owed(MERCHANT), Account(Side.DEBIT, floor_minor=0)),
        (AccountCode("fx:EUR"), Account(Side.CREDIT)),
        (AccountCode("platform:fx_markup"), Account(Side.CREDIT)),
        (AccountCode("platform:fx_residue"), Account(Side.CREDIT)),
        (AccountCode("psp:northbank:reserve"), Account(Side.DEBIT)),
        (AccountCode("platform:losses"), Account(Side.DEBIT)),
        (AccountCode("platform:provisions"), Account(Side.CREDIT)),
        (AccountCode("suspense:psp:northbank"), Account(Side.DEBIT)),
        (lot_of(pending(MERCHANT), DUE), Account(Side.CREDIT, floor_minor=0)),
        (lot_of(held(MERCHANT), DUE), Account(Side.CREDIT, floor_minor=0)),
    ],
)
def test_an_account_has_its_normal_side_and_its_floor(code: AccountCode, expected: Account) -> None:
    assert account(code) == expected


def test_a_lot_is_named_by_its_account_and_when_it_is_due() -> None:
    assert lot_of(pending(MERCHANT), DUE) == "merchant:mer_acme:pending@2026-11-23T23:00:00Z"
    assert is_lot(lot_of(pending(MERCHANT), DUE))
    assert not is_lot(pending(MERCHANT))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "merchant:mer_acme",
        "merchant:mer_acme:savings",
        "psp:northbank",
        "PLATFORM:fees",
    ],
)
def test_an_account_outside_the_chart_is_unknown(code: str) -> None:
    with pytest.raises(UnknownAccount) as refusal:
        account(AccountCode(code))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("posting", "change_minor", "signed_minor"),
    [
        (Posting(psp_clearing(ACQUIRER), Side.DEBIT, eur("1.00")), 100, 100),
        (Posting(psp_clearing(ACQUIRER), Side.CREDIT, eur("1.00")), -100, -100),
        (Posting(pending(MERCHANT), Side.CREDIT, eur("1.00")), 100, -100),
        (Posting(pending(MERCHANT), Side.DEBIT, eur("1.00")), -100, 100),
    ],
)
def test_a_posting_on_the_normal_side_makes_its_account_grow(
    posting: Posting, change_minor: int, signed_minor: int
) -> None:
    assert (posting.change_minor, posting.signed_minor) == (change_minor, signed_minor)


# one stream for each cause


def test_a_cause_has_one_entry_and_two_causes_have_two() -> None:
    other = PaymentId(UUID(int=2))
    assert entry_id_for(PAYMENT, 5) == entry_id_for(PAYMENT, 5)
    ids = {entry_id_for(payment, version) for payment in (PAYMENT, other) for version in range(1, 100)}
    assert len(ids) == 2 * 99


def test_the_id_of_an_entry_never_changes() -> None:
    assert entry_id_for(PAYMENT, 5) == UUID("51d09069-baf0-58d0-9820-e960fd0f2d56")
