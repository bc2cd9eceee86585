"""A chargeback's money: frozen while it is open, gone from the money-back budget once lost, back where it was once won.

A bank does not ask whether an operation of ours is in flight, and does not know what was refunded meanwhile: it is
heard in every stage, and freezes no more than is left.
"""

from datetime import datetime

from msgspec import Struct

from domain.identifiers import DisputeId, MerchantId
from domain.money import AmountOutOfRange, Money
from domain.payment.debit import DebitSource, debit_for, returned
from domain.payment.events import (
    DisputeLost,
    DisputeOpened,
    DisputeReversed,
    DisputeWon,
    PaymentEvent,
)
from domain.payment.proceeds import Drawn, from_available
from domain.payment.refusals import IllegalTransition, refuse
from domain.payment.state import Dispute, DisputeResult, Payment, Refunding, authorization_of, taken_of, terms_of
from domain.payment.status import status_of
from domain.terms.basis import Basis
from domain.terms.conversion import RefundRate
from domain.terms.fee_plan import dispute_fee


class OpenDispute(Struct, frozen=True, kw_only=True):
    """`amount` is what the bank disputes, in the payment's currency."""

    dispute_id: DisputeId
    amount: Money
    reason: str


class CloseDispute(Struct, frozen=True, kw_only=True):
    dispute_id: DisputeId
    result: DisputeResult


def open_dispute(
    payment: Payment,
    command: OpenDispute,
    basis: Basis,
    now: datetime,
    *,
    source: DebitSource = DebitSource.LOT,
) -> tuple[PaymentEvent, ...]:
    """Freeze what is left of the disputed amount, from `source`; nothing when we have heard of that dispute before.

    What was refunded cannot be lost again. Raises AmountOutOfRange, CurrencyMismatch, OperationInProgress where it
    depends on a refund that is on its way, or the refusal of a payment of which nothing was taken.
    """
    taken = taken_of(payment)
    if taken is None:
        raise refuse(payment, "dispute")
    if taken.dispute(command.dispute_id) is not None:
        return ()
    if command.amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=command.amount.minor)
    left = taken.refundable
    if isinstance(payment, Refunding) and command.amount > left - payment.amount:
        raise refuse(payment, "dispute")
    amount = min(command.amount, left)
    settled_in = taken.captures[0].proceeds.gross.currency
    debit = debit_for(
        amount,
        taken,
        in_flight=payment.debit if isinstance(payment, Refunding) else None,
        source=source,
        rate=RefundRate.ORIGINAL,
        fee=dispute_fee(basis.terms.fees, settled_in),
        basis=basis,
        now=now,
    )
    return (
        DisputeOpened(
            merchant_id=terms_of(payment).merchant_id,
            dispute_id=command.dispute_id,
            amount=amount,
            reason=command.reason,
            debit=debit,
        ),
    )


def close_dispute(
    payment: Payment, command: CloseDispute, now: datetime, *, debt_is_paid: bool = False
) -> tuple[PaymentEvent, ...]:
    """Record the bank's ruling; nothing when it has ruled so before. Won after it was lost brings the money back; what
    was won is not lost again. With `debt_is_paid` all goes to what is available: what the merchant owed because of it
    has been collected since.

    Raises the refusal of a payment that never had that dispute.
    """
    taken = taken_of(payment)
    dispute = None if taken is None else taken.dispute(command.dispute_id)
    if dispute is None:
        raise IllegalTransition(verb="close dispute", status=status_of(payment))
    merchant_id = terms_of(payment).merchant_id
    match dispute.result, command.result:
        case None, DisputeResult.WON:
            back = _returned(dispute, now, debt_is_paid=debt_is_paid)
            return (
                DisputeWon(
                    merchant_id=merchant_id, dispute_id=dispute.dispute_id, amount=dispute.amount, returned=back
                ),
            )
        case None, DisputeResult.LOST:
            return (_lost(payment, merchant_id, dispute),)
        case DisputeResult.LOST, DisputeResult.WON:
            return (_reversed(payment, merchant_id, dispute, now, debt_is_paid=debt_is_paid),)
        case _:
            return ()


def _returned(dispute: Dispute, now: datetime, *, debt_is_paid: bool) -> Drawn:
    if debt_is_paid:
        return from_available(dispute.debit.settled)
    return returned(dispute.debit, dispute.debit.settled, now)


def _lost(payment: Payment, merchant_id: MerchantId, dispute: Dispute) -> DisputeLost:
    return DisputeLost(
        merchant_id=merchant_id,
        provider=authorization_of(payment).provider,
        dispute_id=dispute.dispute_id,
        amount=dispute.amount,
        settled=dispute.debit.settled,
        conversion=dispute.debit.conversion,
    )


def _reversed(
    payment: Payment, merchant_id: MerchantId, dispute: Dispute, now: datetime, *, debt_is_paid: bool
) -> DisputeReversed:
    return DisputeReversed(
        merchant_id=merchant_id,
        provider=authorization_of(payment).provider,
        dispute_id=dispute.dispute_id,
        amount=dispute.amount,
        settled=dispute.debit.settled,
        conversion=dispute.debit.conversion,
        returned=_returned(dispute, now, debt_is_paid=debt_is_paid),
    )
