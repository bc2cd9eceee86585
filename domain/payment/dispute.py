"""A chargeback: the disputed amount is frozen while it is open, and gone from the money-back budget once lost."""

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import DisputeId
from domain.money import AmountOutOfRange, Money
from domain.payment.events import DisputeLost, DisputeOpened, DisputeWon, PaymentEvent
from domain.payment.refusals import refuse
from domain.payment.state import Captured, Disputed, DisputeResult, Payment, Refunding


class DisputeExceedsCaptured(DomainError):
    """More is disputed than is left of what was taken after refunds and earlier chargebacks."""

    disputed: Money
    refundable: Money


class OpenDispute(Struct, frozen=True, kw_only=True):
    dispute_id: DisputeId
    amount: Money
    reason: str


class CloseDispute(Struct, frozen=True, kw_only=True):
    dispute_id: DisputeId
    result: DisputeResult


def open_dispute(payment: Payment, command: OpenDispute) -> tuple[PaymentEvent, ...]:
    """Freeze the disputed amount; nothing when we have heard of that dispute before. Raises DisputeExceedsCaptured,
    AmountOutOfRange, CurrencyMismatch, or the refusal of a payment that is not captured."""
    match payment:
        case Disputed(dispute_id=open_id) if open_id == command.dispute_id:
            return ()
        case _ if _is_closed(payment, command.dispute_id):
            return ()
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


def close_dispute(payment: Payment, command: CloseDispute) -> tuple[PaymentEvent, ...]:
    """Record the bank's ruling; nothing when it has ruled on that dispute before. Raises the refusal of a payment
    that never had that dispute."""
    match payment:
        case Disputed(before=before, dispute_id=dispute_id, amount=amount) if dispute_id == command.dispute_id:
            merchant_id = before.terms.merchant_id
        case _ if _is_closed(payment, command.dispute_id):
            return ()
        case _:
            raise refuse(payment, "close dispute")
    match command.result:
        case DisputeResult.WON:
            return (DisputeWon(merchant_id=merchant_id, dispute_id=dispute_id, amount=amount),)
        case DisputeResult.LOST:
            provider = before.authorization.provider
            return (DisputeLost(merchant_id=merchant_id, provider=provider, dispute_id=dispute_id, amount=amount),)


def _is_closed(payment: Payment, dispute_id: DisputeId) -> bool:
    match payment:
        case Captured(taken=taken) | Disputed(before=Captured(taken=taken)) | Refunding(before=Captured(taken=taken)):
            return any(dispute.dispute_id == dispute_id for dispute in taken.disputes)
        case _:
            return False
