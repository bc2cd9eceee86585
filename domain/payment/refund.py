"""A refund gives captured money back, and never more than is left of it.

Refunds and lost disputes draw on one budget, so nobody is paid back twice for the same money.
"""

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.identifiers import OperationId
from domain.money.money import AmountOutOfRange, Money
from domain.payment.debit import DebitSource, debit_for, returned
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
from domain.payment.proceeds import LotShare, MerchantDebit, from_lots
from domain.payment.refusals import IllegalTransition, refuse
from domain.payment.state import Captured, PartiallyCaptured, Payment, Refunding
from domain.payment.status import status_of
from domain.terms.conversion import RefundRate
from domain.terms.fee_plan import refund_fee
from domain.terms.pricing_context import PricingContext


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


def refund(
    payment: Payment,
    command: RefundPayment,
    pricing: PricingContext,
    now: datetime,
    *,
    source: DebitSource = DebitSource.LOT,
) -> tuple[PaymentEvent, ...]:
    """Start a refund, and debit the merchant from `source`. Raises RefundExceedsCaptured, AmountOutOfRange,
    CurrencyMismatch, CardDataRefused, RateMissing, RateStale, or the refusal of a payment that has nothing left to
    give back."""
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
    settled_in = payment.taken.captures[0].proceeds.gross.currency
    if pricing.terms.conversion.refund_rate is RefundRate.CURRENT and settled_in != amount.currency:
        pricing.require_fresh(amount.currency, settled_in, now)
    debit = debit_for(
        amount,
        payment.taken,
        source=source,
        rate=pricing.terms.conversion.refund_rate,
        fee=refund_fee(pricing.terms.fees, settled_in),
        pricing=pricing,
        now=now,
    )
    return (
        RefundStarted(
            merchant_id=payment.terms.merchant_id,
            refund_id=command.refund_id,
            amount=amount,
            reason=command.reason,
            debit=debit,
        ),
    )


def record_refund_outcome(payment: Payment, command: RecordRefundOutcome, now: datetime) -> tuple[PaymentEvent, ...]:
    """The events that the provider's answer to the refund leads to; none where the refund is no longer open."""
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
                    debit=payment.debit or _before_there_were_debits(payment.amount),
                    excess=None,
                    unreserved=payment.debit is None,
                ),
            )
        case Declined() | Rejected() | Unavailable():
            kind, code, message = failure_of(outcome)
            debit = payment.debit
            return (
                RefundFailed(
                    merchant_id=before.terms.merchant_id,
                    refund_id=payment.refund_id,
                    kind=kind,
                    code=code,
                    message=message,
                    returned=None if debit is None else returned(debit, debit.total, now),
                ),
            )
        case Unknown() | ActionRequired():
            return outcome_unknown(payment, outcome)
        case _:
            assert_never(outcome)


def _before_there_were_debits(amount: Money) -> MerchantDebit:
    """Of a refund that was started when the merchant was debited at its end: what is pending has no date then."""
    drawn = from_lots([LotShare(None, amount)], amount.currency)
    return MerchantDebit(settled=amount, conversion=None, rate=None, fee=None, drawn=drawn)
