"""The posting table: one test a row, and a list of what posts nothing.

What is converted is told in two currencies: 100.00 USD that come to 92.17 EUR, of which 1.84 are ours as a mark-up,
90.32 the merchant's, and 0.01 is left over by rounding.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.event import Event, name_of
from domain.fx.conversion import Conversion
from domain.identifiers import BankAccountId, PaymentId
from domain.ledger.accounts import (
    AccountCode,
    Side,
    authorized,
    available,
    bank,
    fx,
    fx_mark_up,
    fx_residue,
    held,
    holds,
    in_transit,
    owed,
    pending,
    platform_fees,
    psp_clearing,
    psp_fees,
)
from domain.ledger.payment_rules import PaymentMoneyEvent
from domain.ledger.payout_rules import PayoutMoneyEvent
from domain.ledger.rules import MoneyEvent, entry_for
from domain.money.money import Money, zero
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeReversed, DisputeWon
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureStarted,
    ContradictionReported,
    FailureKind,
    OperationAdopted,
    OperationInDoubt,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCanceled,
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
from domain.payment.proceeds import Drawn, LotShare, MerchantDebit, Proceeds, from_available, from_owed
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.payout.events import (
    PayoutApproved,
    PayoutBatched,
    PayoutCanceled,
    PayoutCreated,
    PayoutEvent,
    PayoutFailed,
    PayoutHeld,
    PayoutPaid,
    PayoutReturned,
    PayoutSent,
    PayoutTrigger,
)
from domain.release.events import Bucket, FundsReleased
from domain.settlement.events import SettlementItemBooked
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee, FeeKind
from tests.domain.recorded import events_of
from tests.support.domain import (
    ACQUIRER,
    CAPTURE,
    DISPUTE,
    DUE,
    LAPSED,
    MERCHANT,
    NOW,
    REFUND,
    VOID,
    WINDOW,
    brought,
    claimed,
    debited,
    eur,
    from_lot,
    usd,
)

PAYMENT = PaymentId(UUID(int=1))
RESERVE_DUE = datetime(2027, 2, 17, 23, 0, tzinfo=UTC)
MOVES_NO_MONEY: set[type[Event]] = {
    PaymentCanceled,
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
    ContradictionReported,
    OperationAdopted,
    PayoutHeld,
    PayoutApproved,
    PayoutBatched,
    PayoutSent,
}
HOLDS, CLEARING, PSP_FEES, BANK = holds(ACQUIRER), psp_clearing(ACQUIRER), psp_fees(ACQUIRER), bank("main")
AUTHORIZED, PENDING, AVAILABLE = authorized(MERCHANT), pending(MERCHANT), available(MERCHANT)
HELD, OWED, IN_TRANSIT = held(MERCHANT), owed(MERCHANT), in_transit(MERCHANT)
DEBIT, CREDIT = Side.DEBIT, Side.CREDIT

IN_EUROS = Conversion(
    amount=usd("100.00"),
    rate="0.92166",
    rates="test:1",
    as_of=NOW,
    value=eur("92.17"),
    mark_up=eur("1.84"),
    settled=eur("90.32"),
)
CONVERTED = [
    (fx("USD"), CREDIT, usd("100.00")),
    (fx("EUR"), DEBIT, eur("92.17")),
    (fx_mark_up(), CREDIT, eur("1.84")),
    (fx_residue(), CREDIT, eur("0.01")),
]
CONVERTED_BACK = [
    (fx("USD"), DEBIT, usd("100.00")),
    (fx("EUR"), CREDIT, eur("92.17")),
    (fx_mark_up(), DEBIT, eur("1.84")),
    (fx_residue(), DEBIT, eur("0.01")),
]

Line = tuple[AccountCode, Side, Money] | tuple[AccountCode, Side, Money, datetime]


def posted(event: Event) -> Sequence[Line]:
    """What `event` posts where, in order; with the lot of what has one. That it balances, an entry says by being."""
    entry = entry_for(PAYMENT, 4, event)
    assert entry is not None
    return [
        (posting.account, posting.side, posting.amount)
        if posting.due is None
        else (posting.account, posting.side, posting.amount, posting.due)
        for posting in entry.postings
    ]


# authorised, voided, expired


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
    assert posted(event) == [(HOLDS, DEBIT, eur("100.00")), (AUTHORIZED, CREDIT, eur("100.00"))]


@pytest.mark.parametrize(
    "event",
    [
        PaymentVoided(merchant_id=MERCHANT, provider=ACQUIRER, void_id=VOID, released=eur("60.00")),
        AuthorizationExpired(merchant_id=MERCHANT, provider=ACQUIRER, released=eur("60.00")),
    ],
)
def test_voided_and_expired_release_the_rest_of_the_hold(event: PaymentEvent) -> None:
    assert posted(event) == [(AUTHORIZED, DEBIT, eur("60.00")), (HOLDS, CREDIT, eur("60.00"))]


# captured


def captured(amount: Money, proceeds: Proceeds, *, released: Money | None = None) -> PaymentCaptured:
    return PaymentCaptured(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        capture_id=CAPTURE,
        reference="ch_1",
        amount=amount,
        released=released or zero(amount.currency),
        final=True,
        proceeds=proceeds,
    )


def test_captured_owes_the_merchant_what_the_provider_owes_us_less_the_fee_and_releases_the_hold() -> None:
    proceeds = brought(eur("40.00"), fee=eur("1.46"))
    assert posted(captured(eur("40.00"), proceeds, released=eur("60.00"))) == [
        (CLEARING, DEBIT, eur("40.00")),
        (PENDING, CREDIT, eur("40.00"), DUE),
        (AUTHORIZED, DEBIT, eur("100.00")),
        (HOLDS, CREDIT, eur("100.00")),
        (PENDING, DEBIT, eur("1.46"), DUE),
        (platform_fees(), CREDIT, eur("1.46")),
    ]


def test_captured_with_more_to_come_releases_only_its_own_part_of_the_hold() -> None:
    lines = posted(captured(eur("40.00"), brought(eur("40.00"), fee=eur("1.46"))))
    assert (AUTHORIZED, DEBIT, eur("40.00")) in lines


def test_captured_for_free_posts_no_fee() -> None:
    assert posted(captured(eur("40.00"), brought(eur("40.00")))) == [
        (CLEARING, DEBIT, eur("40.00")),
        (PENDING, CREDIT, eur("40.00"), DUE),
        (AUTHORIZED, DEBIT, eur("40.00")),
        (HOLDS, CREDIT, eur("40.00")),
    ]


def test_captured_with_a_reserve_keeps_it_in_a_lot_of_what_is_held() -> None:
    proceeds = replace(brought(eur("40.00")), reserve=eur("4.00"), reserve_due=RESERVE_DUE)
    assert posted(captured(eur("40.00"), proceeds))[-2:] == [
        (PENDING, DEBIT, eur("4.00"), DUE),
        (HELD, CREDIT, eur("4.00"), RESERVE_DUE),
    ]


def test_captured_and_converted_owes_the_merchant_its_share_in_the_other_currency() -> None:
    proceeds = replace(brought(eur("90.32"), fee=eur("2.92")), conversion=IN_EUROS)
    assert posted(captured(usd("100.00"), proceeds)) == [
        (CLEARING, DEBIT, usd("100.00")),
        *CONVERTED,
        (PENDING, CREDIT, eur("90.32"), DUE),
        (AUTHORIZED, DEBIT, usd("100.00")),
        (HOLDS, CREDIT, usd("100.00")),
        (PENDING, DEBIT, eur("2.92"), DUE),
        (platform_fees(), CREDIT, eur("2.92")),
    ]


def test_captured_before_anything_had_a_date_is_in_no_lot() -> None:
    lines = posted(captured(eur("40.00"), brought(eur("40.00"), due=None)))
    assert (PENDING, CREDIT, eur("40.00")) in lines


# refunded


THIRTY = eur("30.00")
FEE = Fee(kind=FeeKind.REFUND, amount=eur("0.25"), plan="standard:3", rule="refund")
FROM_BOTH = Drawn(pending=(LotShare(DUE, eur("20.00")),), available=eur("10.25"), owed=zero("EUR"))
WITH_FEE = MerchantDebit(settled=THIRTY, conversion=None, rate=None, fee=FEE, drawn=FROM_BOTH)
OF_CONVERTED = MerchantDebit(
    settled=eur("90.32"), conversion=IN_EUROS, rate=RefundRate.ORIGINAL, fee=None, drawn=from_lot(eur("90.32"))
)


def refund_started(debit: MerchantDebit | None) -> RefundStarted:
    return RefundStarted(merchant_id=MERCHANT, refund_id=REFUND, amount=THIRTY, reason="", debit=debit)


def refunded(debit: MerchantDebit, *, amount: Money = THIRTY, unreserved: bool = False) -> PaymentRefunded:
    return PaymentRefunded(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        refund_id=REFUND,
        reference="re_1",
        amount=amount,
        debit=debit,
        excess=None,
        unreserved=unreserved,
    )


def refund_failed(returned: Drawn | None) -> RefundFailed:
    return RefundFailed(
        merchant_id=MERCHANT, refund_id=REFUND, kind=FailureKind.DECLINED, code="", message="", returned=returned
    )


def test_a_refund_started_freezes_what_it_takes_and_what_it_costs() -> None:
    assert posted(refund_started(WITH_FEE)) == [
        (PENDING, DEBIT, eur("20.00"), DUE),
        (AVAILABLE, DEBIT, eur("10.25")),
        (HELD, CREDIT, eur("30.25")),
    ]


def test_refunded_passes_it_on_through_the_provider_and_keeps_the_fee() -> None:
    assert posted(refunded(WITH_FEE)) == [
        (HELD, DEBIT, eur("30.25")),
        (CLEARING, CREDIT, eur("30.00")),
        (platform_fees(), CREDIT, eur("0.25")),
    ]


def test_a_refund_failed_gives_all_of_it_back() -> None:
    assert posted(refund_failed(FROM_BOTH)) == [
        (HELD, DEBIT, eur("30.25")),
        (PENDING, CREDIT, eur("20.00"), DUE),
        (AVAILABLE, CREDIT, eur("10.25")),
    ]


def test_a_refund_of_converted_money_is_converted_back_mark_up_and_residue_included() -> None:
    assert posted(refunded(OF_CONVERTED, amount=usd("100.00"))) == [
        (HELD, DEBIT, eur("90.32")),
        *CONVERTED_BACK,
        (CLEARING, CREDIT, usd("100.00")),
    ]


def test_a_refund_at_the_rate_of_its_day_gives_no_mark_up_back() -> None:
    whole = replace(IN_EUROS, value=eur("95.00"), mark_up=zero("EUR"), settled=eur("95.00"))
    debit = MerchantDebit(
        settled=eur("95.00"), conversion=whole, rate=RefundRate.CURRENT, fee=None, drawn=from_available(eur("95.00"))
    )
    assert posted(refunded(debit, amount=usd("100.00"))) == [
        (HELD, DEBIT, eur("95.00")),
        (fx("USD"), DEBIT, usd("100.00")),
        (fx("EUR"), CREDIT, eur("95.00")),
        (CLEARING, CREDIT, usd("100.00")),
    ]


def test_a_refund_started_before_there_were_debits_is_taken_at_its_end() -> None:
    assert entry_for(PAYMENT, 4, refund_started(None)) is None
    assert entry_for(PAYMENT, 4, refund_failed(None)) is None
    assert posted(refunded(debited(THIRTY, drawn=from_lot(THIRTY, None)), unreserved=True)) == [
        (PENDING, DEBIT, THIRTY),
        (CLEARING, CREDIT, THIRTY),
    ]


# disputed


SIXTY = eur("60.00")


def dispute_opened(debit: MerchantDebit) -> DisputeOpened:
    return DisputeOpened(
        merchant_id=MERCHANT, dispute_id=DISPUTE, reason="fraudulent", claim=claimed(SIXTY, debit=debit)
    )


def dispute_won(returned: Drawn) -> DisputeWon:
    return DisputeWon(merchant_id=MERCHANT, dispute_id=DISPUTE, amount=SIXTY, returned=returned, recovered=eur("0.00"))


def dispute_lost(amount: Money, settled: Money, conversion: Conversion | None = None) -> DisputeLost:
    return DisputeLost(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        dispute_id=DISPUTE,
        disputed=amount,
        exchange=None,
        amount=amount,
        settled=settled,
        conversion=conversion,
        excess=None,
    )


def dispute_reversed(amount: Money, returned: Drawn, conversion: Conversion | None = None) -> DisputeReversed:
    return DisputeReversed(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        dispute_id=DISPUTE,
        disputed=amount,
        exchange=None,
        amount=amount,
        settled=returned.total,
        conversion=conversion,
        excess=None,
        returned=returned,
        recovered=eur("0.00"),
        left=None,
    )


def test_a_dispute_opened_freezes_the_merchants_money_and_takes_the_fee_at_once() -> None:
    fee = Fee(kind=FeeKind.DISPUTE, amount=eur("15.00"), plan="standard:3", rule="dispute")
    debit = MerchantDebit(settled=SIXTY, conversion=None, rate=None, fee=fee, drawn=from_lot(eur("75.00")))
    assert posted(dispute_opened(debit)) == [
        (PENDING, DEBIT, eur("75.00"), DUE),
        (HELD, CREDIT, eur("60.00")),
        (platform_fees(), CREDIT, eur("15.00")),
    ]


def test_what_a_merchant_does_not_have_for_a_dispute_it_owes() -> None:
    assert posted(dispute_opened(debited(SIXTY, drawn=from_owed(SIXTY)))) == [
        (OWED, DEBIT, SIXTY),
        (HELD, CREDIT, SIXTY),
    ]


@pytest.mark.parametrize(
    ("returned", "line"),
    [
        (from_lot(SIXTY), (PENDING, CREDIT, SIXTY, DUE)),
        (from_available(SIXTY), (AVAILABLE, CREDIT, SIXTY)),
        (from_owed(SIXTY), (OWED, CREDIT, SIXTY)),
    ],
)
def test_a_dispute_won_gives_it_back_to_where_it_says(returned: Drawn, line: Line) -> None:
    assert posted(dispute_won(returned)) == [(HELD, DEBIT, SIXTY), line]


def test_a_dispute_lost_goes_back_through_the_provider() -> None:
    assert posted(dispute_lost(SIXTY, SIXTY)) == [(HELD, DEBIT, SIXTY), (CLEARING, CREDIT, SIXTY)]
    assert posted(dispute_lost(usd("100.00"), eur("90.32"), IN_EUROS)) == [
        (HELD, DEBIT, eur("90.32")),
        *CONVERTED_BACK,
        (CLEARING, CREDIT, usd("100.00")),
    ]


def test_a_dispute_won_after_it_was_lost_comes_from_the_provider_again() -> None:
    assert posted(dispute_reversed(SIXTY, from_available(SIXTY))) == [
        (CLEARING, DEBIT, SIXTY),
        (AVAILABLE, CREDIT, SIXTY),
    ]
    assert posted(dispute_reversed(usd("100.00"), from_available(eur("90.32")), IN_EUROS)) == [
        (CLEARING, DEBIT, usd("100.00")),
        *CONVERTED,
        (AVAILABLE, CREDIT, eur("90.32")),
    ]


# settled by the provider


def settled(
    gross: Money, cost_minor: int, *, true_up: Money | None = None, drawn: Drawn | None = None
) -> MovementSettled:
    return MovementSettled(
        merchant_id=MERCHANT,
        provider=ACQUIRER,
        settlement_id="st_1",
        bank="main",
        movement=MovementKind.REFUND if gross.minor < 0 else MovementKind.CAPTURE,
        movement_id=str(CAPTURE),
        gross=gross,
        cost=ProviderCost(interchange_minor=cost_minor),
        true_up=true_up or zero("EUR"),
        drawn=drawn,
        fee_plan="standard:3",
    )


def test_a_capture_settled_is_at_the_bank_net_of_what_the_provider_charged() -> None:
    assert posted(settled(eur("100.00"), 63)) == [
        (BANK, DEBIT, eur("99.37")),
        (PSP_FEES, DEBIT, eur("0.63")),
        (CLEARING, CREDIT, eur("100.00")),
    ]


def test_a_refund_settled_leaves_the_bank_with_what_the_provider_charged_or_without_what_it_gave_back() -> None:
    assert posted(settled(eur("-30.00"), 10)) == [
        (BANK, CREDIT, eur("30.10")),
        (PSP_FEES, DEBIT, eur("0.10")),
        (CLEARING, DEBIT, eur("30.00")),
    ]
    assert posted(settled(eur("-30.00"), -19)) == [
        (BANK, CREDIT, eur("29.81")),
        (PSP_FEES, CREDIT, eur("0.19")),
        (CLEARING, DEBIT, eur("30.00")),
    ]


def test_a_cost_above_the_estimate_is_charged_to_the_merchant() -> None:
    drawn = Drawn(pending=(LotShare(DUE, eur("0.05")),), available=eur("0.02"), owed=zero("EUR"))
    assert posted(settled(eur("100.00"), 70, true_up=eur("0.07"), drawn=drawn))[-3:] == [
        (PENDING, DEBIT, eur("0.05"), DUE),
        (AVAILABLE, DEBIT, eur("0.02")),
        (platform_fees(), CREDIT, eur("0.07")),
    ]


def test_a_cost_below_the_estimate_is_given_back() -> None:
    event = settled(eur("100.00"), 50, true_up=eur("-0.13"), drawn=from_lot(eur("0.13")))
    assert posted(event)[-2:] == [
        (platform_fees(), DEBIT, eur("0.13")),
        (PENDING, CREDIT, eur("0.13"), DUE),
    ]


def test_a_movement_settled_may_be_trued_up_in_the_currency_that_the_merchant_is_settled_in() -> None:
    assert posted(settled(usd("100.00"), 63, true_up=eur("0.07"), drawn=from_available(eur("0.07")))) == [
        (BANK, DEBIT, usd("99.37")),
        (PSP_FEES, DEBIT, usd("0.63")),
        (CLEARING, CREDIT, usd("100.00")),
        (AVAILABLE, DEBIT, eur("0.07")),
        (platform_fees(), CREDIT, eur("0.07")),
    ]


# released


def released(bucket: Bucket, amount: Money, collected: Money) -> FundsReleased:
    return FundsReleased(merchant_id=MERCHANT, bucket=bucket, due=DUE, amount=amount, collected=collected)


@pytest.mark.parametrize(("bucket", "account"), [(Bucket.PENDING, PENDING), (Bucket.RESERVE, HELD)])
def test_a_lot_released_is_available(bucket: Bucket, account: AccountCode) -> None:
    assert posted(released(bucket, SIXTY, zero("EUR"))) == [
        (account, DEBIT, SIXTY, DUE),
        (AVAILABLE, CREDIT, SIXTY),
    ]


def test_what_the_merchant_owes_is_collected_first() -> None:
    assert posted(released(Bucket.PENDING, SIXTY, eur("25.00"))) == [
        (PENDING, DEBIT, SIXTY, DUE),
        (OWED, CREDIT, eur("25.00")),
        (AVAILABLE, CREDIT, eur("35.00")),
    ]
    assert posted(released(Bucket.PENDING, SIXTY, SIXTY)) == [(PENDING, DEBIT, SIXTY, DUE), (OWED, CREDIT, SIXTY)]


# paid out


CREATED = PayoutCreated(
    merchant_id=MERCHANT,
    amount=SIXTY,
    bank_account_id=BankAccountId(UUID(int=2)),
    trigger=PayoutTrigger.REQUESTED,
    payout_rule="manual:1",
)
CANCELED = PayoutCanceled(merchant_id=MERCHANT, amount=SIXTY, reason="")
FAILED = PayoutFailed(merchant_id=MERCHANT, amount=SIXTY, code="AC04", reason="")
PAID = PayoutPaid(merchant_id=MERCHANT, amount=SIXTY, bank="main", report_id="r")
RETURNED = PayoutReturned(merchant_id=MERCHANT, amount=SIXTY, bank="main", code="AC04", reason="", report_id="r")


@pytest.mark.parametrize(
    ("event", "debit", "credit"),
    [
        (CREATED, AVAILABLE, IN_TRANSIT),
        (CANCELED, IN_TRANSIT, AVAILABLE),
        (FAILED, IN_TRANSIT, AVAILABLE),
        (PAID, IN_TRANSIT, BANK),
        (RETURNED, BANK, AVAILABLE),
    ],
)
def test_a_payout_goes_from_what_is_available_over_what_is_on_its_way_to_the_bank(
    event: PayoutEvent, debit: AccountCode, credit: AccountCode
) -> None:
    assert posted(event) == [(debit, DEBIT, SIXTY), (credit, CREDIT, SIXTY)]


# every entry


def test_an_entry_names_its_stream_its_payment_its_merchant_and_its_cause() -> None:
    entry = entry_for(PAYMENT, 9, dispute_won(from_lot(SIXTY)))
    assert entry is not None
    assert (entry.cause_id, entry.payment_id, entry.merchant_id, entry.cause, entry.cause_version) == (
        PAYMENT,
        PAYMENT,
        MERCHANT,
        "payment.dispute_won.v3",
        9,
    )


@pytest.mark.parametrize("event", [CREATED, released(Bucket.PENDING, SIXTY, zero("EUR"))])
def test_an_entry_that_no_payment_caused_names_none(event: Event) -> None:
    stream = UUID(int=7)
    entry = entry_for(stream, 1, event)
    assert entry is not None
    assert (entry.cause_id, entry.payment_id, entry.merchant_id) == (stream, None, MERCHANT)


def test_every_event_either_moves_money_or_is_known_not_to() -> None:
    events = {*get_args(PaymentEvent), *get_args(PayoutEvent), FundsReleased}
    assert events - set(get_args(MoneyEvent)) == MOVES_NO_MONEY
    assert set(get_args(MoneyEvent)) == {
        *get_args(PaymentMoneyEvent),
        *get_args(PayoutMoneyEvent),
        FundsReleased,
        SettlementItemBooked,
    }


@given(st.sampled_from(sorted(MOVES_NO_MONEY, key=name_of)).flatmap(events_of))
def test_what_moves_no_money_posts_nothing(event: PaymentEvent) -> None:
    assert entry_for(PAYMENT, 1, event) is None
