"""Giving captured money back: in full, in part, or in several parts, never more than is left of what was taken.

Refunds and lost disputes draw on one budget, so nobody is paid back twice for the same money.
"""

from typing import assert_never

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.identifiers import OperationId
from domain.money import AmountOutOfRange, Money
from domain.payment.events import PaymentEvent, PaymentRefunded, RefundFailed, RefundStarted
from domain.payment.operation import failure_of, outcome_of, outcome_unknown
from domain.payment.outcome import (
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.refusals import IllegalTransition, refuse
from domain.payment.state import Captured, PartiallyCaptured, Payment, Refunding
from domain.payment.status import status_of


class RefundExceedsCaptured(DomainError):
    """More was to be given back than is left of what was taken."""

    requested: Money
    refundable: Money


class RefundPayment(Struct, frozen=True, kw_only=True):
    """Refund `amount`, or all that is left when it is None."""

    refund_id: OperationId
    amount: Money | None
    reason: str


class RecordRefundOutcome(Struct, frozen=True, kw_only=True):
    refund_id: OperationId
    outcome: Outcome


def refund(payment: Payment, command: RefundPayment) -> tuple[PaymentEvent, ...]:
    """Start a refund. Raises RefundExceedsCaptured, AmountOutOfRange, CurrencyMismatch, CardDataRefused, or the
    refusal of a payment that has nothing left to give back."""
    match payment:
        case PartiallyCaptured() | Captured():
            refundable = payment.taken.refundable
        case _:
            raise refuse(payment, "refund")
    if refundable.minor == 0:
        raise IllegalTransition(verb="refund", status=status_of(payment))
    require_no_card_number("reason", command.reason)
    amount = refundable if command.amount is None else command.amount
    if amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=amount.minor)
    if amount > refundable:
        raise RefundExceedsCaptured(requested=amount, refundable=refundable)
    return (RefundStarted(refund_id=command.refund_id, amount=amount, reason=command.reason),)


def record_refund_outcome(payment: Payment, command: RecordRefundOutcome) -> tuple[PaymentEvent, ...]:
    """What the provider's answer makes of the refund; nothing when that refund is no longer open."""
    match payment:
        case Refunding() if payment.refund_id == command.refund_id:
            pass
        case _:
            return ()
    before = payment.before
    outcome = outcome_of(payment, command.outcome)
    match outcome:
        case Approved(reference=reference):
            return (
                PaymentRefunded(
                    merchant_id=before.terms.merchant_id,
                    provider=before.authorization.provider,
                    refund_id=payment.refund_id,
                    reference=reference,
                    amount=payment.amount,
                ),
            )
        case Declined() | Rejected() | Unavailable():
            kind, code, message = failure_of(outcome)
            return (RefundFailed(refund_id=payment.refund_id, kind=kind, code=code, message=message),)
        case Unknown() | ActionRequired():
            return outcome_unknown(payment, outcome)
        case _:
            assert_never(outcome)
