"""Events as earlier versions wrote them, and what each says in the words of today."""

from datetime import datetime, timedelta
from typing import Final, assert_never

from domain.event import Event
from domain.identifiers import CustomerId, MerchantId, OperationId
from domain.money import Money
from domain.payment.events import CaptureMethod, PaymentActionRequired, PaymentCreated
from domain.payment.method import PaymentMethod
from domain.payment.outcome import Redirect

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


SupersededEvent = PaymentCreatedV1 | PaymentActionRequiredV1


def upcast(event: SupersededEvent, recorded_at: datetime) -> PaymentCreated | PaymentActionRequired:
    """The event of today's version that says the same."""
    match event:
        case PaymentCreatedV1():
            return PaymentCreated(
                merchant_id=event.merchant_id,
                customer_id=event.customer_id,
                amount=event.amount,
                method=event.method,
                capture_method=event.capture_method,
                return_url=None,
            )
        case PaymentActionRequiredV1():
            return PaymentActionRequired(
                attempt_id=event.attempt_id,
                reference=event.reference,
                action=Redirect(event.redirect_url),
                expires_at=recorded_at + ACTION_V1_WINDOW,
                window_policy="none",
            )
        case _:
            assert_never(event)
