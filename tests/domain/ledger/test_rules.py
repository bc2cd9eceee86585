"""The posting table: one test a row, and a list of what posts nothing."""

from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event, name_of
from domain.identifiers import PaymentId
from domain.ledger.accounts import AccountCode, Side, authorized, held, holds, pending, platform_fees, psp_clearing
from domain.ledger.rules import MoneyEvent, entry_for
from domain.money import Money, zero
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureStarted,
    ContradictionReported,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCreated,
    PaymentEvent,
    PaymentFailed,
    PaymentHeldForReview,
    PaymentRefunded,
    PaymentReviewApproved,
    PaymentRouted,
    PaymentVoided,
    RefundFailed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
from tests.domain.recorded import events_of
from tests.support.domain import ACQUIRER, CAPTURE, DISPUTE, FEES, LAPSED, MERCHANT, REFUND, VOID, WINDOW, eur

PAYMENT = PaymentId(UUID(int=1))
MOVES_NO_MONEY: set[type[Event]] = {
    PaymentCreated,
    PaymentHeldForReview,
    PaymentReviewApproved,
    PaymentRouted,
    PaymentAttemptStarted,
    OperationOutcomeUnknown,
    OperationInDoubt,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentFailed,
    CaptureStarted,
    CaptureFailed,
    VoidStarted,
    VoidFailed,
    RefundStarted,
    RefundFailed,
    ContradictionReported,
}
HOLDS, CLEARING = holds(ACQUIRER), psp_clearing(ACQUIRER)
AUTHORIZED, PENDING, HELD = authorized(MERCHANT), pending(MERCHANT), held(MERCHANT)


def posted(event: PaymentEvent) -> dict[tuple[AccountCode, Side], Money]:
    """What `event` posts where; each account and side at most once."""
    entry = entry_for(PAYMENT, 4, event)
    assert entry is not None
    postings = {(posting.account, posting.side): posting.amount for posting in entry.postings}
    assert len(postings) == len(entry.postings)
    return postings


def captured(*, amount: Money, released: Money, fee: Money) -> PaymentCaptured:
    return PaymentCaptured(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        capture_id=CAPTURE,
        reference="ch_1",
        amount=amount,
        released=released,
        final=True,
        fee=fee,
        fee_policy=FEES.version,
    )


def test_authorised_reserves_the_amount_at_the_provider_for_the_merchant() -> None:
    event = PaymentAuthorized(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        attempt_id=CAPTURE,
        reference="ch_1",
        amount=eur("100.00"),
        expires_at=LAPSED,
        window_policy=WINDOW.version,
    )
    assert posted(event) == {(HOLDS, Side.DEBIT): eur("100.00"), (AUTHORIZED, Side.CREDIT): eur("100.00")}


def test_captured_owes_the_merchant_what_the_provider_owes_us_less_the_fee_and_releases_the_hold() -> None:
    entry = entry_for(PAYMENT, 4, captured(amount=eur("40.00"), released=eur("60.00"), fee=eur("1.46")))
    assert entry is not None
    assert [(posting.account, posting.side, posting.amount) for posting in entry.postings] == [
        (CLEARING, Side.DEBIT, eur("40.00")),
        (PENDING, Side.CREDIT, eur("40.00")),
        (AUTHORIZED, Side.DEBIT, eur("100.00")),
        (HOLDS, Side.CREDIT, eur("100.00")),
        (PENDING, Side.DEBIT, eur("1.46")),
        (platform_fees(), Side.CREDIT, eur("1.46")),
    ]


def test_captured_with_more_to_come_releases_only_its_own_part_of_the_hold() -> None:
    event = captured(amount=eur("40.00"), released=zero("EUR"), fee=eur("1.46"))
    assert posted(event)[AUTHORIZED, Side.DEBIT] == eur("40.00")


def test_captured_for_free_posts_no_fee() -> None:
    assert posted(captured(amount=eur("40.00"), released=zero("EUR"), fee=zero("EUR"))) == {
        (CLEARING, Side.DEBIT): eur("40.00"),
        (PENDING, Side.CREDIT): eur("40.00"),
        (AUTHORIZED, Side.DEBIT): eur("40.00"),
        (HOLDS, Side.CREDIT): eur("40.00"),
    }


@pytest.mark.parametrize(
    "event",
    [
        PaymentVoided(merchant_id=MERCHANT, provider=ACQUIRER, void_id=VOID, released=eur("60.00")),
        AuthorizationExpired(merchant_id=MERCHANT, provider=ACQUIRER, released=eur("60.00")),
    ],
)
def test_voided_and_expired_release_the_rest_of_the_hold(event: PaymentEvent) -> None:
    assert posted(event) == {(AUTHORIZED, Side.DEBIT): eur("60.00"), (HOLDS, Side.CREDIT): eur("60.00")}


def test_refunded_takes_the_money_back_from_the_merchant_and_owes_it_to_the_provider() -> None:
    event = PaymentRefunded(
        merchant_id=MERCHANT, provider=ACQUIRER, refund_id=REFUND, reference="re_1", amount=eur("30.00")
    )
    assert posted(event) == {(PENDING, Side.DEBIT): eur("30.00"), (CLEARING, Side.CREDIT): eur("30.00")}


def test_a_dispute_opened_freezes_the_merchants_money() -> None:
    event = DisputeOpened(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("60.00"), reason="fraudulent")
    assert posted(event) == {(PENDING, Side.DEBIT): eur("60.00"), (HELD, Side.CREDIT): eur("60.00")}


def test_a_dispute_won_gives_it_back() -> None:
    event = DisputeWon(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("60.00"))
    assert posted(event) == {(HELD, Side.DEBIT): eur("60.00"), (PENDING, Side.CREDIT): eur("60.00")}


def test_a_dispute_lost_goes_back_through_the_provider() -> None:
    event = DisputeLost(merchant_id=MERCHANT, provider=ACQUIRER, dispute_id=DISPUTE, amount=eur("60.00"))
    assert posted(event) == {(HELD, Side.DEBIT): eur("60.00"), (CLEARING, Side.CREDIT): eur("60.00")}


def test_an_entry_names_its_payment_its_merchant_and_its_cause() -> None:
    event = DisputeWon(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=eur("60.00"))
    entry = entry_for(PAYMENT, 9, event)
    assert entry is not None
    assert (entry.payment_id, entry.merchant_id, entry.cause, entry.cause_version) == (
        PAYMENT,
        MERCHANT,
        "payment.dispute_won.v1",
        9,
    )


def test_every_event_either_moves_money_or_is_known_not_to() -> None:
    assert set(get_args(PaymentEvent)) - set(get_args(MoneyEvent)) == MOVES_NO_MONEY


@given(st.sampled_from(sorted(MOVES_NO_MONEY, key=name_of)).flatmap(events_of))
def test_what_moves_no_money_posts_nothing(event: PaymentEvent) -> None:
    assert entry_for(PAYMENT, 1, event) is None
