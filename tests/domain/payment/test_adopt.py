"""What was made at the provider without us is booked in full, whatever the payment is, and once for each name."""

import pytest

from domain.errors import DomainError
from domain.ledger.accounts import available, owed, platform_losses
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money
from domain.payment.adopt import OperationDiffers
from domain.payment.debit import DebitSource
from domain.payment.events import (
    OperationAdopted,
    OperationKind,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
)
from domain.payment.refund import RefundExceedsCaptured
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import Captured, Capturing, Expired, PartiallyCaptured, Voided, captured_funds_of
from domain.payment.status import Status
from domain.terms.amounts import OTHERS
from domain.terms.fee_plan import Blended, FeePlan
from domain.terms.settlement import BeyondBudget
from tests.domain.books import entries_of
from tests.support.domain import (
    APPROVED,
    FORTY,
    HUNDRED,
    MERCHANT,
    PAYMENT,
    STRANGER,
    THEN,
    THIRTY,
    UNKNOWN,
    VOID,
    History,
    adopts,
    agreed,
    authorized,
    capture_answered,
    captured,
    captures,
    capturing,
    created,
    debited,
    disputed,
    eur,
    expired,
    failed,
    given,
    partially_captured,
    payment_of,
    processing,
    refund_answered,
    refunded,
    refunding,
    refunds,
    requires_action,
    then_,
    usd,
    voided,
    voiding,
    voids,
)

TAKE, RELEASE, GIVE_BACK = OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND


def posted_last(history: History) -> dict[str, int]:
    """The last entry: what each account's balance changed by, counted on its normal side."""
    return {posting.account: posting.change_minor for posting in entries_of(PAYMENT, history)[-1].postings}


def test_a_refund_debits_the_merchant_at_once_and_says_who_did_what() -> None:
    adopted, became = then_(captured(), adopts(GIVE_BACK, THIRTY, reference="re_9"))[-2:]
    assert isinstance(adopted, OperationAdopted)
    assert isinstance(became, PaymentRefunded)
    assert (adopted.reference, adopted.amount, adopted.reason) == ("re_9", THIRTY, "by hand")
    assert became.refund_id == adopted.operation_id
    assert (became.debit, became.excess, became.unreserved) == (debited(THIRTY), None, True)


def test_the_same_money_is_not_refunded_a_second_time() -> None:
    elsewhere = then_(captured(), adopts(GIVE_BACK, THIRTY))
    given(elsewhere).when(refunds(HUNDRED)).then_raises(RefundExceedsCaptured, refundable=eur("70.00"))
    given(then_(captured(), adopts(GIVE_BACK, HUNDRED))).when(refunds()).then_raises(IllegalTransition)


def test_a_refund_costs_what_the_plan_says() -> None:
    plan = FeePlan(version="for-refunds:1", default=Blended(basis_points=290), refund={OTHERS: 25})
    became = then_(captured(), adopts(GIVE_BACK, THIRTY, pricing=agreed(fees=plan)))[-1]
    assert isinstance(became, PaymentRefunded)
    assert became.debit.total == THIRTY + eur("0.25")


@pytest.mark.parametrize("borne_by", BeyondBudget)
def test_a_refund_of_more_than_is_left_is_borne_as_the_terms_say(borne_by: BeyondBudget) -> None:
    history = then_(
        refunded(THIRTY),
        adopts(GIVE_BACK, HUNDRED, source=DebitSource.AVAILABLE, pricing=agreed(beyond_budget=borne_by)),
    )
    posted = posted_last(history)
    bearer = owed(MERCHANT) if borne_by is BeyondBudget.OWED else platform_losses()
    assert (posted[available(MERCHANT)], posted[bearer]) == (-7_000, 3_000)
    taken = captured_funds_of(payment_of(history))
    assert taken is not None
    assert (taken.refunded, taken.refundable) == (eur("130.00"), eur("0.00"))
    given(history).when(refunds()).then_raises(IllegalTransition, status=Status.REFUNDED)


def test_a_refund_of_money_that_a_bank_disputes_is_all_beyond_the_budget() -> None:
    became = then_(disputed(HUNDRED), adopts(GIVE_BACK, THIRTY))[-1]
    assert isinstance(became, PaymentRefunded)
    assert became.excess is not None
    assert (became.excess.amount, became.debit.total) == (THIRTY, eur("0.00"))


@pytest.mark.parametrize(
    "history",
    [
        then_(partially_captured(), captures(THIRTY, id=THEN)),
        then_(then_(partially_captured(), captures(THIRTY, id=THEN)), capture_answered(UNKNOWN, id=THEN)),
        then_(partially_captured(), voids()),
    ],
    ids=["a capture is open", "its outcome is unknown", "a void is open"],
)
def test_a_refund_does_not_wait_for_another_kind_of_operation_and_leaves_it_open(history: History) -> None:
    stage = type(payment_of(history))
    given(history).when(adopts(GIVE_BACK, THIRTY)).then_stage(stage)
    assert stage is not Captured


def test_the_capture_that_was_open_meanwhile_comes_through() -> None:
    history = then_(then_(partially_captured(FORTY), captures(THIRTY, id=THEN)), adopts(GIVE_BACK, FORTY))
    assert isinstance(payment_of(history), Capturing)
    given(history).when(capture_answered(APPROVED, id=THEN)).then_payment(taken__refundable=THIRTY)


def test_a_refund_of_ours_that_is_open_may_be_the_same_one() -> None:
    given(refunding()).when(adopts(GIVE_BACK, THIRTY)).then_raises(OperationInProgress, operation=GIVE_BACK)
    given(refunding()).when(refund_answered(UNKNOWN), adopts(GIVE_BACK, THIRTY)).then_raises(OperationInProgress)


@pytest.mark.parametrize(
    ("history", "amount", "released"),
    [
        (authorized(), HUNDRED, eur("0.00")),
        (authorized(), eur("60.00"), eur("40.00")),
        (authorized(), eur("110.00"), eur("-10.00")),
        (partially_captured(FORTY), eur("70.00"), eur("-10.00")),
        (captured(), THIRTY, -THIRTY),
        (voided(), THIRTY, -THIRTY),
        (expired(), THIRTY, -THIRTY),
    ],
    ids=["all", "some", "more than was reserved", "more than was left", "captured", "voided", "expired"],
)
def test_a_capture_is_booked_in_full_whatever_is_reserved(history: History, amount: Money, released: Money) -> None:
    after = then_(history, adopts(TAKE, amount))
    became = after[-1]
    assert isinstance(became, PaymentCaptured)
    assert (became.amount, became.released, became.final) == (amount, released, True)
    assert isinstance(payment_of(after), Captured)
    before = captured_funds_of(payment_of(history))
    taken = captured_funds_of(payment_of(after))
    assert taken is not None
    assert taken.captured == (amount if before is None else before.captured + amount)
    given(after).when(refunds()).then_payment(amount=taken.refundable)


def test_a_capture_leaves_the_rest_reserved_where_the_provider_does() -> None:
    given(authorized()).when(adopts(TAKE, FORTY, final=False)).then_stage(PartiallyCaptured)
    given(authorized()).when(adopts(TAKE, HUNDRED, final=False)).then_stage(Captured)


@pytest.mark.parametrize(
    ("history", "stage", "released"),
    [(authorized(), Voided, HUNDRED), (partially_captured(FORTY), Captured, eur("60.00"))],
    ids=["all of it", "the rest of what was captured in part"],
)
def test_a_void_releases_what_is_still_reserved(history: History, stage: type, released: Money) -> None:
    after = then_(history, adopts(RELEASE, None))
    adopted, became = after[-2:]
    assert isinstance(adopted, OperationAdopted)
    assert isinstance(became, PaymentVoided)
    assert became.released == adopted.amount == released
    assert isinstance(payment_of(after), stage)


@pytest.mark.parametrize("kind", [TAKE, RELEASE, GIVE_BACK])
@pytest.mark.parametrize("history", [created(), processing(), requires_action(), failed()])
def test_of_what_no_provider_has_reserved_nothing_is_recorded(history: History, kind: OperationKind) -> None:
    with pytest.raises(DomainError):
        adopts(kind, THIRTY)(payment_of(history))


@pytest.mark.parametrize("history", [captured(), voided(), expired()])
def test_what_is_not_reserved_any_more_is_not_released(history: History) -> None:
    given(history).when(adopts(RELEASE, None)).then_raises(IllegalTransition)
    assert type(payment_of(history)) in (Captured, Voided, Expired)


@pytest.mark.parametrize("history", [capturing(), voiding()])
@pytest.mark.parametrize("kind", [TAKE, RELEASE])
def test_a_capture_or_void_waits_for_what_is_open_and_may_be_the_same(history: History, kind: OperationKind) -> None:
    given(history).when(adopts(kind, FORTY)).then_raises(OperationInProgress)


def test_the_same_name_is_recorded_once() -> None:
    once = then_(captured(), adopts(GIVE_BACK, THIRTY, reference="re_9"))
    given(once).when(adopts(GIVE_BACK, THIRTY, reference="re_9", known=once)).then_nothing()
    given(once).when(adopts(GIVE_BACK, THIRTY, reference="re_10", known=once)).then_payment(
        taken__refunded=eur("60.00")
    )


def test_the_same_name_with_other_content_is_an_error() -> None:
    once = then_(captured(), adopts(GIVE_BACK, THIRTY, reference="re_9"))
    again = adopts(GIVE_BACK, FORTY, reference="re_9", known=once)
    given(once).when(again).then_raises(OperationDiffers, what="amount", ours="30.00 EUR", theirs="40.00 EUR")
    otherwise = adopts(GIVE_BACK, THIRTY, reference="re_9", known=once, failed="closed")
    given(once).when(otherwise).then_raises(OperationDiffers, what="outcome", ours="succeeded", theirs="failed")


def test_one_of_ours_is_known_by_the_providers_name_for_it() -> None:
    ours = refunded(THIRTY)
    given(ours).when(adopts(GIVE_BACK, THIRTY, reference="ch_1", known=ours)).then_nothing()


def test_a_refund_that_failed_there_is_on_record_and_moves_nothing() -> None:
    after = then_(captured(), adopts(GIVE_BACK, THIRTY, reference="re_9", failed="the card is closed"))
    assert isinstance(after[-1], RefundFailed)
    assert payment_of(after) == payment_of(captured())
    late = adopts(GIVE_BACK, THIRTY, reference="re_9", known=after)
    given(after).when(late).then_raises(OperationDiffers, what="outcome", ours="failed", theirs="succeeded")


@pytest.mark.parametrize("amount", [None, eur("0.00"), -THIRTY])
def test_an_amount_is_more_than_nothing(amount: Money | None) -> None:
    given(captured()).when(adopts(GIVE_BACK, amount)).then_raises(AmountOutOfRange)


def test_an_amount_is_in_the_payments_currency() -> None:
    given(captured()).when(adopts(GIVE_BACK, usd("1.00"))).then_raises(CurrencyMismatch)


def test_an_id_of_ours_is_none_that_was_derived() -> None:
    assert {VOID, STRANGER}.isdisjoint(
        event.operation_id
        for event in then_(captured(), adopts(GIVE_BACK, THIRTY))
        if isinstance(event, OperationAdopted)
    )
