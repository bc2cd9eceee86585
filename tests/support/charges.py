"""Payments that are made directly in the store, at the provider and waiting for their customer, or captured."""

from datetime import timedelta

from application.write.recording import record_all
from application.write.store import Append, Claim, Verb
from domain.history import Cause
from domain.identifiers import CustomerId, MerchantId, OperationId, PaymentId, ProviderName
from domain.money.money import Money, zero
from domain.payment.events import (
    CaptureMethod,
    PaymentActionRequired,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCreated,
    PaymentEvent,
)
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Redirect
from interfaces.composition import utc_now
from tests.support.domain import brought

SIMULATOR = ProviderName("simulator")
AMOUNT = Money(1_000, "EUR")
CAUSE = Cause(actor="key:test", request_id="req_test", trace_id="0" * 32)


def charge(
    payment_id: PaymentId, attempt_id: OperationId, reference: str, merchant_id: MerchantId, *, is_waiting: bool
) -> Append:
    """A payment whose attempt `is_waiting` for the customer, or is captured; `reference` names it at the provider."""
    now = utc_now()
    events: tuple[PaymentEvent, ...] = (
        PaymentCreated(
            merchant_id=merchant_id,
            customer_id=CustomerId("customer-1"),
            amount=AMOUNT,
            method=PaymentMethod(MethodType.WALLET, "tok_wallet"),
            capture_method=CaptureMethod.AUTOMATIC,
            return_url=None,
        ),
        PaymentAttemptStarted(
            attempt_id=attempt_id,
            provider=SIMULATOR,
            amount=AMOUNT,
            capture=True,
            started_at=now,
            routing_policy="test:1",
        ),
    )
    if is_waiting:
        events += (
            PaymentActionRequired(
                attempt_id=attempt_id,
                reference=reference,
                action=Redirect("https://wallet.example/pay"),
                expires_at=now + timedelta(hours=1),
                window_policy="test:1",
            ),
        )
    else:
        events += (
            PaymentAuthorized(
                merchant_id=merchant_id,
                provider=SIMULATOR,
                attempt_id=attempt_id,
                reference=reference,
                amount=AMOUNT,
                expires_at=now + timedelta(days=7),
                window_policy="test:1",
            ),
            PaymentCaptured(
                merchant_id=merchant_id,
                provider=SIMULATOR,
                capture_id=attempt_id,
                reference=reference,
                amount=AMOUNT,
                released=zero("EUR"),
                final=True,
                proceeds=brought(AMOUNT, fee=Money(30, "EUR")),
            ),
        )
    return Append(
        events=record_all(payment_id, 0, events, merchant_id=merchant_id, cause=CAUSE, now=now),
        claim=Claim(
            operation_id=attempt_id,
            merchant_id=merchant_id,
            subject_id=payment_id,
            verb=Verb.CREATE,
            key=None,
            fingerprint=b"",
            unresolved=False,
        ),
    )
