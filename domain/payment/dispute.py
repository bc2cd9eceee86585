"""A chargeback: the disputed amount is frozen while it is open, and gone from the money-back budget once lost."""

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import DisputeId
from domain.money import AmountOutOfRange, Money
from domain.payment.events import DisputeLost, DisputeOpened, DisputeWon, PaymentEvent
from domain.payment.refusals import refuse
from domain.payment.state import Captured, Disputed, DisputeResult, Payment


class DisputeExceedsCaptured(DomainError):
    """More is disputed than is left of what was taken after refunds and earlier chargebacks."""

    disputed: Money
    refundable: Money


class OpenDispute(Struct, frozen=True, kw_only=True):
    dispute_id: DisputeId
    amount: Money
    reason: str


def open_dispute(payment: Payment, command: OpenDispute) -> tuple[PaymentEvent, ...]:
    """Freeze the disputed amount. Raises DisputeExceedsCaptured, AmountOutOfRange, CurrencyMismatch, or the refusal
    of a payment that is not captured."""
    match payment:
        case Captured(terms=terms, taken=taken):
            pass
        case _:
            raise refuse(payment, "dispute")
    if command.amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=command.amount.minor)
    if command.amount > taken.refundable:
        raise DisputeExceedsCaptured(disputed=command.amount, refundable=taken.refundable)
    return (
        DisputeOpened(
            merchant_id=terms.merchant_id,
            dispute_id=command.dispute_id,
            amount=command.amount,
            reason=command.reason,
        ),
    )


def close_dispute(payment: Payment, result: DisputeResult) -> tuple[PaymentEvent, ...]:
    """Record the bank's ruling. Raises the refusal of a payment that is not disputed."""
    match payment:
        case Disputed(before=before, dispute_id=dispute_id, amount=amount):
            merchant_id = before.terms.merchant_id
        case _:
            raise refuse(payment, "close dispute")
    match result:
        case DisputeResult.WON:
            return (DisputeWon(merchant_id=merchant_id, dispute_id=dispute_id, amount=amount),)
        case DisputeResult.LOST:
            provider = before.authorization.provider
            return (DisputeLost(merchant_id=merchant_id, provider=provider, dispute_id=dispute_id, amount=amount),)
