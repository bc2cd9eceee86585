"""Payments that every posting rule bears on: converted, an interchange++ fee, a reserve, a refund and its fee."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from application.terms.balance_floors import floors_for
from application.write.recording import record_all
from application.write.store import Append
from domain.fx.events import FxRatesPublished
from domain.fx.rates import fold as fold_rates
from domain.history import Cause
from domain.identifiers import CustomerId, MerchantId, OperationId, PaymentId
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money
from domain.payment.confirm import NextAttempt, RecordAttemptOutcome, confirm, record_attempt_outcome
from domain.payment.create import CreatePayment, create
from domain.payment.events import CaptureMethod, PaymentEvent
from domain.payment.evolve import evolve
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.payment.outcome import Approved
from domain.payment.refund import RecordRefundOutcome, RefundPayment, record_refund_outcome, refund
from domain.terms.amounts import OTHERS
from domain.terms.conversion import ConversionRule
from domain.terms.fee_plan import FeePlan, InterchangePlus
from domain.terms.pricing_context import PricingContext
from domain.terms.terms import DEFAULT_TERMS
from infrastructure.calendars import is_holiday
from interfaces.ids import new_uuid
from tests.support.domain import ACTION_WINDOW, WINDOW
from tests.support.routing import SIMULATOR, InOrder

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
MERCHANTS = [MerchantId(f"mer_{number}") for number in range(100)]
_CAUSE = Cause(actor="key:tsk_1", request_id="req_1", trace_id="4bf92f3577b34da6a3ce929d0e0e4736")
_CARD = PaymentMethod(MethodType.CARD, "tok_visa", brand=CardBrand.VISA, country="US")
_RATES = fold_rates(
    [
        FxRatesPublished(
            number=1,
            source="ecb",
            as_of=NOW - timedelta(hours=20),
            base="EUR",
            rates={"USD": "1.0842"},
            document_sha256="0" * 64,
        )
    ]
)
_PRICE = InterchangePlus(
    interchange_basis_points=180,
    scheme_basis_points=13,
    scheme_fixed_minor={OTHERS: 2},
    markup_basis_points=25,
    markup_fixed_minor={OTHERS: 10},
)
BASIS = PricingContext(
    terms=replace(
        DEFAULT_TERMS,
        fees=FeePlan(version="bench:1", default=_PRICE, refund={OTHERS: 15}, dispute={OTHERS: 1_500}),
        settlement=replace(DEFAULT_TERMS.settlement, reserve_basis_points=500, reserve_days=90),
        conversion=ConversionRule(
            version="bench:1", settle_in={"USD": "EUR"}, mark_up_basis_points=100, stale_after_hours=96
        ),
    ),
    rates=_RATES,
    is_holiday=is_holiday,
)


class Step(NamedTuple):
    append: Append
    postings: int


def steps(number: int) -> Iterator[Step]:
    """The appends of one payment: begun, authorised and captured, a refund of a third begun, and refunded."""
    payment_id, merchant_id = PaymentId(new_uuid()), MERCHANTS[number % len(MERCHANTS)]
    attempt_id, refund_id = OperationId(new_uuid()), OperationId(new_uuid())
    amount = Money(5_000 + number % 7_919, "USD")
    created = create(
        CreatePayment(
            merchant_id=merchant_id,
            customer_id=CustomerId("cus_1"),
            amount=amount,
            method=_CARD,
            capture_method=CaptureMethod.AUTOMATIC,
        )
    )
    payment, version = evolve(None, created), 0

    def decided(events: Sequence[PaymentEvent], known: int) -> Step:
        """`known` of the events the payment has taken in already."""
        nonlocal payment, version
        for event in events[known:]:
            payment = evolve(payment, event)
        recorded = record_all(
            payment_id, version, events, merchant_id=merchant_id, cause=_CAUSE, now=NOW, updated_at=NOW
        )
        version += len(events)
        postings = sum(len(each.data.postings) for each in recorded if isinstance(each.data, JournalEntryPosted))
        floors = floors_for(events, BASIS.terms.settlement)
        return Step(Append(events=recorded, floors=floors), postings)

    attempt = NextAttempt(payment_id=payment_id, attempt_id=attempt_id, situation=InOrder(SIMULATOR).situation())
    yield decided((created, *confirm(payment, attempt, BASIS, NOW)), known=1)
    answered = RecordAttemptOutcome(
        attempt_id=attempt_id,
        outcome=Approved("ch_1"),
        pricing=BASIS,
        window=WINDOW,
        action_window=ACTION_WINDOW,
        next=None,
    )
    yield decided(record_attempt_outcome(payment, answered, NOW), known=0)
    command = RefundPayment(refund_id=refund_id, amount=Money(amount.minor // 3, "USD"), reason="returned")
    yield decided(refund(payment, command, BASIS, NOW), known=0)
    refunded = RecordRefundOutcome(refund_id=refund_id, outcome=Approved("re_1"))
    yield decided(record_refund_outcome(payment, refunded, NOW), known=0)
