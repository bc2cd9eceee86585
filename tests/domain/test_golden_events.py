"""What was stored under a released name is read, and written again, for ever.

A golden file is never edited: a change to an event is a new version beside the old one, and an upcaster. For an event
that has no golden yet, the failing test prints the file to save.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from domain.bank_account.details import GbSortCode
from domain.bank_account.events import BankAccountAdded, BankAccountRemoved
from domain.dead_letter.events import (
    DeadLetterClosed,
    DeadLetterKind,
    DeadLetterRecorded,
    DeadLetterResolved,
    DeadLetterRetried,
)
from domain.event import Event, name_of
from domain.fx.conversion import Conversion
from domain.fx.events import FxRatesPublished
from domain.history import AnyEvent, Recorded
from domain.identifiers import (
    BankAccountId,
    BatchId,
    CustomerId,
    DisputeId,
    MerchantId,
    OperationId,
    PaymentId,
    PayoutId,
    ProviderName,
)
from domain.ledger.accounts import AccountCode, Side
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.ledger.superseded import JournalEntryPostedV1
from domain.money.money import Money
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureMethod,
    CaptureStarted,
    ContradictionReported,
    FailureKind,
    OperationAdopted,
    OperationInDoubt,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentCreated,
    PaymentFailed,
    PaymentHeldForReview,
    PaymentRefunded,
    PaymentReviewApproved,
    PaymentRouted,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.payment.outcome import Approved, Redirect
from domain.payment.proceeds import Claim, Drawn, Excess, LotShare, MerchantDebit, Proceeds
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.payment.superseded import SupersededEvent
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
    PayoutTrigger,
)
from domain.payout_batch.events import (
    BatchedPayout,
    PayoutBatchCreated,
    PayoutBatchRefused,
    PayoutBatchSubmitted,
)
from domain.release.events import Bucket, FundsReleased
from domain.routing.candidate import Candidate, Strategy
from domain.routing.events import RoutingPolicyActivated, RoutingPolicyAdded
from domain.settlement.events import ItemKind, SettlementCorrected, SettlementItemBooked, SettlementReceived
from domain.store.events import StoreReopened
from domain.terms.conversion import RefundRate
from domain.terms.events import TermsActivated, TermsAdded, TermsKind
from domain.terms.fee import Fee, FeeKind
from domain.terms.settlement import BeyondBudget
from tests.domain.dispute.goldens import DISPUTE_EVENTS

GOLDEN = Path(__file__).parents[1] / "golden"
EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)

MERCHANT, PROVIDER = MerchantId("mer_01jd4x8c2qfyv9zkm3s7w5t6ha"), ProviderName("northbank")
PAYMENT = PaymentId(UUID("01934a2e-6c00-7a10-8000-00000000000a"))
ATTEMPT, CAPTURE, VOID, REFUND = (OperationId(UUID(f"01934a2e-6c00-7a10-8000-00000000010{n}")) for n in range(4))
DISPUTE = DisputeId("dp_1MtJUT2eZvKYlo2C")
KWD_TEN = Money(10_000, "KWD")
"""Three decimals, so that nobody reading a golden takes minor units for hundredths."""

DUE = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
BANK_ACCOUNT = BankAccountId(UUID("01934a2e-6c00-7a10-8000-0000000000ba"))
BATCH = BatchId(UUID("01934a2e-6c00-7a10-8000-0000000000bb"))
IN_EUROS = Conversion(
    amount=Money(4_000, "KWD"),
    rate="2.7523",
    rates="ecb:14",
    as_of=datetime(2026, 11, 19, 15, 0, tzinfo=UTC),
    value=Money(1_101, "EUR"),
    mark_up=Money(22, "EUR"),
    settled=Money(1_078, "EUR"),
)
SHARE_IN_EUROS = replace(
    IN_EUROS,
    amount=Money(1_500, "KWD"),
    value=Money(412, "EUR"),
    mark_up=Money(8, "EUR"),
    settled=Money(404, "EUR"),
)
"""Of one that 1.500 KWD are given back of."""
DRAWN = Drawn(
    pending=(LotShare(DUE, Money(300, "EUR")), LotShare(None, Money(4, "EUR"))),
    available=Money(115, "EUR"),
    owed=Money(10, "EUR"),
)
DEBIT = MerchantDebit(
    settled=SHARE_IN_EUROS.settled,
    conversion=SHARE_IN_EUROS,
    rate=RefundRate.ORIGINAL,
    fee=Fee(kind=FeeKind.REFUND, amount=Money(25, "EUR"), plan="standard:3", rule="refund"),
    drawn=DRAWN,
)
EXCESS = Excess(
    amount=Money(500, "KWD"),
    settled=Money(138, "EUR"),
    conversion=replace(
        IN_EUROS,
        amount=Money(500, "KWD"),
        value=Money(138, "EUR"),
        mark_up=Money(0, "EUR"),
        settled=Money(138, "EUR"),
    ),
    borne_by=BeyondBudget.OWED,
    settlement_rule="two-days:1",
)
FROZEN = replace(DRAWN, available=Money(90, "EUR"))
DISPUTED = MerchantDebit(
    settled=SHARE_IN_EUROS.settled, conversion=SHARE_IN_EUROS, rate=RefundRate.ORIGINAL, fee=None, drawn=FROZEN
)
CLAIM = Claim(
    disputed=Money(5_500, "USD"),
    exchange=Conversion(
        amount=Money(5_500, "USD"),
        rate="0.2948",
        rates="ecb:14",
        as_of=datetime(2026, 11, 19, 15, 0, tzinfo=UTC),
        value=Money(16_214, "KWD"),
        mark_up=Money(0, "KWD"),
        settled=Money(16_214, "KWD"),
    ),
    amount=Money(1_500, "KWD"),
    debit=DISPUTED,
    excess=Excess(
        amount=Money(14_714, "KWD"),
        settled=Money(4_050, "EUR"),
        conversion=replace(
            IN_EUROS,
            amount=Money(14_714, "KWD"),
            value=Money(4_050, "EUR"),
            mark_up=Money(0, "EUR"),
            settled=Money(4_050, "EUR"),
        ),
        borne_by=BeyondBudget.LOSSES,
        settlement_rule="standard:2",
    ),
)

SETTLEMENT_EVENTS: tuple[AnyEvent, ...] = (
    SettlementReceived(
        provider=PROVIDER,
        settlement_id="northbank-2026-11-23",
        bank="main",
        currency="KWD",
        paid_at=datetime(2026, 11, 23, 23, 0, tzinfo=UTC),
        total=KWD_TEN,
    ),
    SettlementCorrected(total=Money(9_500, "KWD")),
    SettlementItemBooked(
        provider=PROVIDER,
        settlement_id="northbank-2026-11-23",
        bank="main",
        kind=ItemKind.ADJUSTMENT,
        reference="adj_7",
        gross=Money(-2_500, "KWD"),
        cost=ProviderCost(other_minor=100),
    ),
)

EVENTS: tuple[AnyEvent, ...] = (
    *SETTLEMENT_EVENTS,
    StoreReopened(
        closed_because="it was restored from the backup of 2026-11-26T23:00:00Z",
        since=datetime(2026, 11, 26, 21, 58, 12, tzinfo=UTC),
        until=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
        asked=("northbank", "southbank"),
        known=412,
        adopted=7,
        waiting=3,
        unexplained=1,
        accepted_because="another shop's on the same account",
    ),
    PaymentCreated(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_7"),
        amount=KWD_TEN,
        method=PaymentMethod(MethodType.CARD, "tok_visa", brand=CardBrand.VISA, country="KW"),
        capture_method=CaptureMethod.MANUAL,
        return_url="https://shop.example/back?order=7",
    ),
    PaymentHeldForReview(reason="velocity: 9 payments in 60 s", risk_policy="risk:2"),
    PaymentReviewApproved(),
    PaymentRouted(
        attempt_id=ATTEMPT,
        routing_policy="cards:7",
        rule="small",
        strategy=Strategy.CHEAPEST,
        draw=4_711,
        candidates=(
            Candidate(provider=PROVIDER, cost_minor=270, success_bp=9_630, latency_ms_p95=410, samples=1_204),
            Candidate(provider=ProviderName("southbank"), out="circuit open"),
        ),
        chosen=PROVIDER,
        reason="cheapest",
    ),
    PaymentAttemptStarted(
        attempt_id=ATTEMPT,
        provider=PROVIDER,
        amount=KWD_TEN,
        capture=False,
        started_at=datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC),
        routing_policy="single:1",
    ),
    OperationOutcomeUnknown(operation_id=ATTEMPT, operation=OperationKind.AUTHORIZE, reason="no answer in 10 s"),
    OperationInDoubt(operation_id=ATTEMPT, operation=OperationKind.AUTHORIZE, recovery_policy="recovery:1"),
    PaymentActionRequired(
        attempt_id=ATTEMPT,
        reference="ch_31",
        action=Redirect("https://acs.example/c/31?step=1"),
        expires_at=datetime(2026, 11, 20, 12, 15, 0, 123456, tzinfo=UTC),
        window_policy="action:1",
    ),
    ContradictionReported(
        operation_id=ATTEMPT,
        operation=OperationKind.AUTHORIZE,
        provider=PROVIDER,
        recorded="failed: insufficient_funds",
        reported=Approved("ch_31"),
    ),
    PaymentAuthorized(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        attempt_id=ATTEMPT,
        reference="ch_31",
        amount=KWD_TEN,
        expires_at=datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC),
        window_policy="seven-days:1",
    ),
    PaymentAttemptFailed(
        attempt_id=ATTEMPT,
        provider=PROVIDER,
        kind=FailureKind.DECLINED,
        code="insufficient_funds",
        message="The card has “insufficient” funds.",
    ),
    PaymentCanceled(reason="Die Kundin hat es sich anders überlegt."),
    PaymentFailed(code="insufficient_funds", message="The card has “insufficient” funds."),
    CaptureStarted(capture_id=CAPTURE, amount=Money(4_000, "KWD"), final=True),
    PaymentCaptured(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        capture_id=CAPTURE,
        reference="ch_31",
        amount=Money(4_000, "KWD"),
        released=Money(6_000, "KWD"),
        final=True,
        proceeds=Proceeds(
            gross=IN_EUROS.settled,
            conversion=IN_EUROS,
            fees=(
                Fee(kind=FeeKind.PROCESSING, amount=Money(31, "EUR"), plan="standard:3", rule="cards", estimate=True),
            ),
            reserve=Money(52, "EUR"),
            due=DUE,
            reserve_due=datetime(2027, 5, 18, 22, 0, tzinfo=UTC),
            settlement_rule="two-days:1",
        ),
    ),
    CaptureFailed(
        capture_id=CAPTURE, kind=FailureKind.UNAVAILABLE, code="provider_unavailable", message="connection refused"
    ),
    VoidStarted(void_id=VOID),
    PaymentVoided(merchant_id=MERCHANT, provider=PROVIDER, void_id=VOID, released=KWD_TEN),
    VoidFailed(void_id=VOID, kind=FailureKind.REJECTED, code="unknown_charge", message="No such charge: ch_31"),
    AuthorizationExpired(merchant_id=MERCHANT, provider=PROVIDER, released=KWD_TEN),
    RefundStarted(
        merchant_id=MERCHANT,
        refund_id=REFUND,
        amount=Money(1_500, "KWD"),
        reason="requested_by_customer",
        debit=DEBIT,
    ),
    PaymentRefunded(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=REFUND,
        reference="re_8",
        amount=Money(2_000, "KWD"),
        debit=DEBIT,
        excess=EXCESS,
        unreserved=False,
    ),
    RefundFailed(
        merchant_id=MERCHANT,
        refund_id=REFUND,
        kind=FailureKind.DECLINED,
        code="card_closed",
        message="The card is closed.",
        returned=DRAWN,
    ),
    RefundReversed(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=REFUND,
        reference="re_8",
        amount=Money(2_000, "KWD"),
        code="refund_declined",
        message="the refund failed: expired_or_canceled_card",
        debit=DEBIT,
        excess=EXCESS,
        returned=replace(DRAWN, owed=Money(148, "EUR")),
    ),
    OperationAdopted(
        operation_id=REFUND,
        operation=OperationKind.REFUND,
        provider=PROVIDER,
        reference="re_8",
        amount=Money(2_000, "KWD"),
        reason="Refunded by “Anna” in the provider's dashboard.",
    ),
    DisputeOpened(merchant_id=MERCHANT, dispute_id=DISPUTE, reason="fraudulent", claim=CLAIM),
    DisputeRaised(merchant_id=MERCHANT, dispute_id=DISPUTE, claim=CLAIM, drawn=FROZEN, excess=Money(31, "EUR")),
    DisputeReduced(merchant_id=MERCHANT, dispute_id=DISPUTE, claim=CLAIM, returned=FROZEN, recovered=Money(31, "EUR")),
    DisputeWon(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        amount=Money(1_500, "KWD"),
        returned=FROZEN,
        recovered=Money(31, "EUR"),
    ),
    DisputeLost(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=CLAIM.disputed,
        exchange=CLAIM.exchange,
        amount=CLAIM.amount,
        settled=SHARE_IN_EUROS.settled,
        conversion=SHARE_IN_EUROS,
        excess=CLAIM.excess,
    ),
    DisputeReversed(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=CLAIM.disputed,
        exchange=CLAIM.exchange,
        amount=CLAIM.amount,
        settled=SHARE_IN_EUROS.settled,
        conversion=SHARE_IN_EUROS,
        excess=CLAIM.excess,
        returned=FROZEN,
        recovered=Money(31, "EUR"),
        left=CLAIM,
    ),
    MovementSettled(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        settlement_id="northbank-2026-11-23",
        bank="main",
        movement=MovementKind.CAPTURE,
        movement_id=str(CAPTURE),
        gross=Money(4_000, "KWD"),
        cost=ProviderCost(interchange_minor=24, scheme_minor=9, markup_minor=12, other_minor=-1),
        true_up=Money(-310, "EUR"),
        drawn=Drawn(pending=(LotShare(DUE, Money(310, "EUR")),), available=Money(0, "EUR"), owed=Money(0, "EUR")),
        fee_plan="standard:3",
    ),
    JournalEntryPosted(
        cause_id=PAYMENT,
        payment_id=PAYMENT,
        merchant_id=MERCHANT,
        cause="payment.captured.v2",
        cause_version=5,
        postings=(
            Posting(AccountCode("psp:northbank:clearing"), Side.DEBIT, Money(4_000, "KWD")),
            Posting(AccountCode(f"merchant:{MERCHANT}:pending"), Side.CREDIT, Money(4_000, "KWD"), DUE),
        ),
    ),
    FundsReleased(
        merchant_id=MERCHANT,
        bucket=Bucket.PENDING,
        due=DUE,
        amount=Money(4_000, "KWD"),
        collected=Money(1_200, "KWD"),
    ),
    PayoutCreated(
        merchant_id=MERCHANT,
        amount=KWD_TEN,
        bank_account_id=BANK_ACCOUNT,
        trigger=PayoutTrigger.SCHEDULE,
        payout_rule="weekly:2",
    ),
    PayoutHeld(reason="a new bank account, and over the amount", payout_rule="weekly:2"),
    PayoutApproved(),
    PayoutCanceled(merchant_id=MERCHANT, amount=KWD_TEN, reason="canceled by the merchant"),
    PayoutBatched(batch_id=BATCH, end_to_end_id="01934a2e6c007a1080000000000000e1", execution_date=date(2026, 11, 25)),
    PayoutSent(batch_id=BATCH),
    PayoutPaid(merchant_id=MERCHANT, amount=KWD_TEN, bank="main", report_id="camt-2026-11-25-1"),
    PayoutFailed(merchant_id=MERCHANT, amount=KWD_TEN, code="AC04", reason="The account is closed."),
    PayoutReturned(
        merchant_id=MERCHANT,
        amount=KWD_TEN,
        bank="main",
        code="AC04",
        reason="The account is closed.",
        report_id="camt-2026-11-27-1",
    ),
    RoutingPolicyAdded(
        number=7, name="cards-eu", document='{"name": "cards-eu",\r\n\t"default": {"priority": ["nörth"]}}'
    ),
    RoutingPolicyActivated(number=7),
    TermsAdded(
        kind=TermsKind.FEES, number=3, name="standard", document='{"name": "standard",\r\n\t"home": ["DE"], "né": 1}'
    ),
    TermsActivated(kind=TermsKind.FEES, number=3, merchant_id=MERCHANT),
    DeadLetterRecorded(
        kind=DeadLetterKind.WEBHOOK,
        subject="01934a2e-6c00-7a10-8000-0000000000d1",
        payment_id=PAYMENT,
        provider=PROVIDER,
        reason="the authorize succeeded for us, and the provider says the opposite",
    ),
    DeadLetterRetried(),
    DeadLetterResolved(outcome="settled 01934a2e-6c00-7a10-8000-00000000000b: approved"),
    DeadLetterClosed(reason="The provider's own test, says “Anna”."),
    FxRatesPublished(
        number=14,
        source="ecb",
        as_of=datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
        base="EUR",
        rates={"JPY": "163.80", "USD": "1.0850"},
        document_sha256="92c3950523a5c49ce71166361359bb5165b9f78bf1639c9ce69e2bac20456911",
    ),
    PayoutBatchCreated(
        batch_id=BatchId(UUID("01934a2e-6c00-7a10-8000-0000000000bb")),
        message_id="PB-01934a2e6c007a1080000000000000bb",
        currency="KWD",
        execution_date=date(2026, 11, 25),
        payouts=(
            BatchedPayout(payout_id=PayoutId(UUID("01934a2e-6c00-7a10-8000-0000000000e1")), amount_minor=9_000),
            BatchedPayout(payout_id=PayoutId(UUID("01934a2e-6c00-7a10-8000-0000000000e2")), amount_minor=1_000),
        ),
        file_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        total=KWD_TEN,
    ),
    PayoutBatchSubmitted(reference="BANK-3F0A9C11D2E4B576"),
    PayoutBatchRefused(reason="CtrlSum is not 10.000, the “sum” of the payments"),
    BankAccountAdded(
        merchant_id=MERCHANT,
        holder_name="Łódź & Söhne GmbH",
        currency="GBP",
        country="GB",
        details=GbSortCode(sort_code="601613", account_number="31926819"),
    ),
    BankAccountRemoved(),
    *DISPUTE_EVENTS,
)
EXPECTED: dict[str, Recorded] = {
    name_of(event): Recorded(
        originator_id=PAYMENT,
        originator_version=5,
        merchant_id=MERCHANT,
        recorded_at=datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC),
        actor="key:01934a2e",
        request_id="01934a2e-6c00-7a10-8000-000000000fff",
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        causation_id=None if isinstance(event, PaymentCreated) else f"{PAYMENT}:4",
        data=event,
    )
    for event in EVENTS
}


SUPERSEDED = {name_of(event_type) for event_type in (*get_args(SupersededEvent), JournalEntryPostedV1)}
"""Names that are only read, never written again: what each says today is tested beside its upcaster."""


def golden_text(event: Recorded) -> str:
    """The file to save as the golden of a new event."""
    return msgspec.json.format(msgspec.json.encode(event), indent=2).decode() + "\n"


@pytest.mark.parametrize("name", sorted(map(name_of, EVENT_TYPES)))
def test_every_event_has_a_golden(name: str) -> None:
    assert name in EXPECTED, f"{name}: say above what its golden should hold"
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"save this as {path}:\n{golden_text(EXPECTED[name])}"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_no_released_name_vanishes(path: Path) -> None:
    assert path.stem in EXPECTED or path.stem in SUPERSEDED, f"{path.stem} was released"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_golden_is_read_as_the_event_it_was_and_written_as_it_stands(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    read = msgspec.json.decode(text, type=Recorded)
    assert read == EXPECTED[name]
    assert golden_text(read) == text
