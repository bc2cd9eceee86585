"""Each verb on a payout: what it does at the stages that allow it, and that it does nothing or refuses otherwise."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.bank_account.state import Removed
from domain.card_data import CardDataRefused
from domain.identifiers import PayoutId
from domain.money.currencies import UnknownCurrency
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payout.approve import approve
from domain.payout.batch import batch, end_to_end_id_for, payout_id_in
from domain.payout.cancel import cancel
from domain.payout.create import create
from domain.payout.events import (
    PayoutApproved,
    PayoutBatched,
    PayoutCanceled,
    PayoutCreated,
    PayoutFailed,
    PayoutHeld,
    PayoutPaid,
    PayoutReturned,
    PayoutSent,
)
from domain.payout.fail import fail
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable, PayoutNotHeld
from domain.payout.report import ReportContradicts, ReportedOutcome, report
from domain.payout.sent import sent
from domain.payout.state import Payout
from domain.payout.status import status_of
from tests.domain.payout.payouts import (
    ACCOUNT,
    BATCH,
    BATCHED,
    CANCELED,
    FAILED,
    FRIDAY,
    HELD,
    PAID,
    PAYOUT,
    READY,
    RETURNED,
    RULE,
    SENT,
    STAGES,
    TEN,
    asked,
    heard,
)


def kinds(events: tuple[object, ...]) -> list[type]:
    return [type(event) for event in events]


def test_a_payout_up_to_the_limit_goes_on_and_one_above_it_is_held() -> None:
    rule = replace(RULE, hold_above_minor={"EUR": 1_000})
    assert kinds(create(asked(TEN), ACCOUNT, rule)) == [PayoutCreated]
    _, held = create(asked(Money(1_001, "EUR")), ACCOUNT, rule)
    assert held == PayoutHeld(reason="above 10.00 EUR", payout_rule=rule.version)


def test_what_cannot_be_paid_out_is_refused() -> None:
    with pytest.raises(AmountOutOfRange):
        create(asked(Money(0, "EUR")), ACCOUNT, RULE)
    with pytest.raises(UnknownCurrency):
        create(asked(Money(1, "XXX")), ACCOUNT, RULE)
    with pytest.raises(CurrencyMismatch):
        create(asked(Money(1, "USD")), ACCOUNT, RULE)
    with pytest.raises(BankAccountUnusable):
        create(asked(), Removed(ACCOUNT.account), RULE)
    with pytest.raises(CardDataRefused):
        create(asked(description="for 4242 4242 4242 4242"), ACCOUNT, RULE)
    with pytest.raises(PayoutBelowMinimum):
        create(asked(), ACCOUNT, replace(RULE, minimum_minor={"EUR": 1_001}))


def test_only_a_held_one_needs_approval() -> None:
    assert approve(HELD) == (PayoutApproved(),)
    assert approve(READY) == ()
    for payout in STAGES[2:]:
        with pytest.raises(PayoutNotHeld):
            approve(payout)


def test_it_can_be_canceled_until_it_is_in_a_file() -> None:
    for payout in (HELD, READY):
        assert kinds(cancel(payout, "no")) == [PayoutCanceled]
    assert cancel(CANCELED, "no") == ()
    for payout in (BATCHED, SENT, PAID, RETURNED, FAILED):
        with pytest.raises(PayoutNotCancelable):
            cancel(payout, "no")


@pytest.mark.parametrize("payout", STAGES, ids=status_of)
def test_only_one_that_waits_takes_a_place_in_a_file(payout: Payout) -> None:
    assert kinds(batch(payout, PAYOUT, BATCH, FRIDAY)) == ([PayoutBatched] if payout is READY else [])
    assert kinds(sent(payout, BATCH)) == ([PayoutSent] if payout is BATCHED else [])
    assert kinds(fail(payout, "no")) == ([PayoutFailed] if payout in (READY, BATCHED, SENT) else [])


@pytest.mark.parametrize("payout", [BATCHED, SENT], ids=["batched", "sent"])
def test_what_the_bank_says_first(payout: Payout) -> None:
    assert kinds(report(payout, heard(ReportedOutcome.CONFIRMED))) == [PayoutPaid]
    assert kinds(report(payout, heard(ReportedOutcome.RETURNED))) == [PayoutPaid, PayoutReturned]
    [failed] = report(payout, heard(ReportedOutcome.REJECTED, "AC04"))
    assert isinstance(failed, PayoutFailed)
    assert (failed.code, failed.reason) == ("AC04", "the account is closed")


def test_what_the_bank_says_after_that() -> None:
    assert report(PAID, heard(ReportedOutcome.CONFIRMED)) == ()
    assert kinds(report(PAID, heard(ReportedOutcome.RETURNED))) == [PayoutReturned]
    for outcome in ReportedOutcome:
        assert report(RETURNED, heard(outcome)) == ()
    for outcome in (ReportedOutcome.REJECTED, ReportedOutcome.RETURNED):
        assert report(FAILED, heard(outcome)) == ()


@pytest.mark.parametrize(
    ("payout", "outcome"),
    [
        (PAID, ReportedOutcome.REJECTED),
        (FAILED, ReportedOutcome.CONFIRMED),
        *((payout, outcome) for payout in (HELD, READY, CANCELED) for outcome in ReportedOutcome),
    ],
)
def test_what_the_bank_cannot_say(payout: Payout, outcome: ReportedOutcome) -> None:
    with pytest.raises(ReportContradicts):
        report(payout, heard(outcome))


def test_an_unknown_reason_is_told_by_its_code() -> None:
    [failed] = report(SENT, heard(ReportedOutcome.REJECTED, "ZZ99"))
    assert isinstance(failed, PayoutFailed)
    assert failed.reason == "the bank gave the reason ZZ99"


@given(st.uuids())
def test_a_payout_is_found_by_the_name_that_the_bank_knows_it_by(uuid: UUID) -> None:
    payout_id = PayoutId(uuid)
    name = end_to_end_id_for(payout_id)
    assert payout_id_in(name) == payout_id
    assert len(name) <= 35


@given(st.text(max_size=40))
def test_no_other_name_is_a_payouts(name: str) -> None:
    found = payout_id_in(name)
    assert found is None or end_to_end_id_for(found) == name
