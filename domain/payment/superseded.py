"""Events of earlier versions are read as events of today's."""

from datetime import datetime, timedelta
from typing import Final, assert_never

from msgspec.structs import asdict

from domain.event import Event
from domain.fx.conversion import Conversion
from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, ProviderName
from domain.money.money import Money, zero
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeReversed, DisputeWon
from domain.payment.events import (
    CaptureMethod,
    FailureKind,
    PaymentActionRequired,
    PaymentCaptured,
    PaymentCreated,
    PaymentEvent,
    PaymentRefunded,
    RefundFailed,
    RefundStarted,
)
from domain.payment.method import PaymentMethod
from domain.payment.outcome import Redirect
from domain.payment.proceeds import Claim, Drawn, LotShare, MerchantDebit, Proceeds, from_lots
from domain.terms.fee import Fee, FeeKind

ACTION_V1_WINDOW: Final = timedelta(hours=1)
"""Version 1 set the customer no time; those who waited then are given as long as a redirect has today."""


class PaymentCreatedV1(Event, frozen=True, kw_only=True, tag="payment.created.v1"):
    merchant_id: MerchantId
    customer_id: CustomerId
    amount: Money
    method: PaymentMethod
    capture_method: CaptureMethod


class PaymentActionRequiredV1(Event, frozen=True, kw_only=True, tag="payment.action_required.v1"):
    attempt_id: OperationId
    reference: str
    redirect_url: str


class PaymentCapturedV1(Event, frozen=True, kw_only=True, tag="payment.captured.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    capture_id: OperationId
    reference: str
    amount: Money
    released: Money
    final: bool
    fee: Money
    fee_policy: str


class RefundStartedV1(Event, frozen=True, kw_only=True, tag="payment.refund_started.v1"):
    refund_id: OperationId
    amount: Money
    reason: str


class PaymentRefundedV1(Event, frozen=True, kw_only=True, tag="payment.refunded.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    refund_id: OperationId
    reference: str
    amount: Money


class PaymentRefundedV2(Event, frozen=True, kw_only=True, tag="payment.refunded.v2"):
    """Of a refund that was asked for here: none of it was ever beyond the budget."""

    merchant_id: MerchantId
    provider: ProviderName
    refund_id: OperationId
    reference: str
    amount: Money
    debit: MerchantDebit
    unreserved: bool


class RefundFailedV1(Event, frozen=True, kw_only=True, tag="payment.refund_failed.v1"):
    refund_id: OperationId
    kind: FailureKind
    code: str
    message: str


class DisputeOpenedV1(Event, frozen=True, kw_only=True, tag="payment.dispute_opened.v1"):
    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money
    reason: str


class DisputeWonV1(Event, frozen=True, kw_only=True, tag="payment.dispute_won.v1"):
    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money


class DisputeLostV1(Event, frozen=True, kw_only=True, tag="payment.dispute_lost.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    amount: Money


class DisputeOpenedV2(Event, frozen=True, kw_only=True, tag="payment.dispute_opened.v2"):
    """`amount` is what was frozen: no more than refunds and other disputes had left, whatever the bank took."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money
    reason: str
    debit: MerchantDebit


class DisputeWonV2(Event, frozen=True, kw_only=True, tag="payment.dispute_won.v2"):
    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money
    returned: Drawn


class DisputeLostV2(Event, frozen=True, kw_only=True, tag="payment.dispute_lost.v2"):
    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    amount: Money
    settled: Money
    conversion: Conversion | None


class DisputeReversedV1(Event, frozen=True, kw_only=True, tag="payment.dispute_reversed.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    amount: Money
    settled: Money
    conversion: Conversion | None
    returned: Drawn


SupersededEvent = (
    PaymentCreatedV1
    | PaymentActionRequiredV1
    | PaymentCapturedV1
    | RefundStartedV1
    | PaymentRefundedV1
    | PaymentRefundedV2
    | RefundFailedV1
    | DisputeOpenedV1
    | DisputeWonV1
    | DisputeLostV1
    | DisputeOpenedV2
    | DisputeWonV2
    | DisputeLostV2
    | DisputeReversedV1
)


def upcast(event: SupersededEvent, *, merchant_id: MerchantId, recorded_at: datetime) -> PaymentEvent:
    """The event of today's version that says the same, and causes the same entry."""
    match event:
        case PaymentCreatedV1():
            return PaymentCreated(**asdict(event), return_url=None)
        case PaymentActionRequiredV1():
            return PaymentActionRequired(
                attempt_id=event.attempt_id,
                reference=event.reference,
                action=Redirect(event.redirect_url),
                expires_at=recorded_at + ACTION_V1_WINDOW,
                window_policy="none",
            )
        case PaymentCapturedV1():
            return PaymentCaptured(
                merchant_id=event.merchant_id,
                provider=event.provider,
                capture_id=event.capture_id,
                reference=event.reference,
                amount=event.amount,
                released=event.released,
                final=event.final,
                proceeds=_proceeds(event),
            )
        case RefundStartedV1():
            return RefundStarted(**asdict(event), merchant_id=merchant_id, debit=None)
        case PaymentRefundedV1(amount=amount):
            return PaymentRefunded(**asdict(event), debit=_from_pending(amount), excess=None, unreserved=True)
        case PaymentRefundedV2():
            return PaymentRefunded(**asdict(event), excess=None)
        case RefundFailedV1():
            return RefundFailed(**asdict(event), merchant_id=merchant_id, returned=None)
        case DisputeOpenedV1():
            return _opened(event, _from_pending(event.amount))
        case DisputeOpenedV2():
            return _opened(event, event.debit)
        case DisputeWonV1(amount=amount):
            return DisputeWon(**asdict(event), returned=_from_pending(amount).drawn, recovered=zero(amount.currency))
        case DisputeWonV2(returned=returned):
            return DisputeWon(**asdict(event), recovered=zero(returned.available.currency))
        case DisputeLostV1(amount=amount):
            return DisputeLost(
                **asdict(event), disputed=amount, exchange=None, settled=amount, conversion=None, excess=None
            )
        case DisputeLostV2(amount=amount):
            return DisputeLost(**asdict(event), disputed=amount, exchange=None, excess=None)
        case DisputeReversedV1(amount=amount, settled=settled):
            return DisputeReversed(
                **asdict(event),
                disputed=amount,
                exchange=None,
                excess=None,
                recovered=zero(settled.currency),
                left=None,
            )
        case _:
            assert_never(event)


def _proceeds(event: PaymentCapturedV1) -> Proceeds:
    """Nothing was converted or reserved then, and nothing had a date."""
    fee = Fee(kind=FeeKind.PROCESSING, amount=event.fee, plan=event.fee_policy, rule="flat")
    return Proceeds(
        gross=event.amount,
        conversion=None,
        fees=(fee,) if event.fee.minor else (),
        reserve=zero(event.amount.currency),
        due=None,
        reserve_due=None,
        settlement_rule="none",
    )


def _opened(event: DisputeOpenedV1 | DisputeOpenedV2, debit: MerchantDebit) -> DisputeOpened:
    """Nothing beyond the budget was booked then."""
    return DisputeOpened(
        merchant_id=event.merchant_id,
        dispute_id=event.dispute_id,
        reason=event.reason,
        claim=Claim(disputed=event.amount, exchange=None, amount=event.amount, debit=debit, excess=None),
    )


def _from_pending(amount: Money) -> MerchantDebit:
    drawn = from_lots([LotShare(None, amount)], amount.currency)
    return MerchantDebit(settled=amount, conversion=None, rate=None, fee=None, drawn=drawn)
