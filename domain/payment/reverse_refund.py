"""A refund that had succeeded failed later: the customer's bank sent it back, and the provider has the money again.

The merchant gets back all that the refund debited, its fee included, as of a refund that failed at once; the money can
be refunded again.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import DomainError
from domain.identifiers import OperationId
from domain.money.money import zero
from domain.payment.debit import returned
from domain.payment.events import PaymentEvent, RefundReversed
from domain.payment.proceeds import Drawn, from_available
from domain.payment.state import Payment, Refund, authorization_of, captured_funds_of, terms_of
from domain.terms.settlement import BeyondBudget


class RefundUnknown(DomainError):
    """The payment has no refund that succeeded under that name."""

    refund: str


class ReverseRefund(Struct, frozen=True, kw_only=True):
    """`reference` is the provider's name for the refund; `code` and `message` say why it failed."""

    refund_id: OperationId
    reference: str
    code: str
    message: str


def reverse_refund(
    payment: Payment, command: ReverseRefund, now: datetime, *, debt_is_paid: bool = False
) -> tuple[PaymentEvent, ...]:
    """Credit the merchant; nothing when the refund was reversed before. With `debt_is_paid` all goes to what is
    available: what the merchant owed because of the refund has been collected since. Raises RefundUnknown."""
    taken = captured_funds_of(payment)
    refund = None if taken is None else taken.refund(command.refund_id)
    if refund is None:
        raise RefundUnknown(refund=command.reference)
    if not refund.stands:
        return ()
    return (
        RefundReversed(
            merchant_id=terms_of(payment).merchant_id,
            provider=authorization_of(payment).provider,
            refund_id=refund.refund_id,
            reference=command.reference,
            amount=refund.amount,
            code=command.code,
            message=command.message,
            debit=refund.debit,
            excess=refund.excess,
            returned=_returned(refund, now, debt_is_paid=debt_is_paid),
        ),
    )


def _returned(refund: Refund, now: datetime, *, debt_is_paid: bool) -> Drawn:
    """All that the merchant bore: what was beyond the budget only where that became its debt."""
    debit, excess = refund.debit, refund.excess
    owed = zero(debit.total.currency)
    if excess is not None and excess.borne_by is BeyondBudget.OWED:
        owed = excess.settled
    if debt_is_paid:
        return from_available(debit.total + owed)
    back = returned(debit, debit.total, now)
    return replace(back, owed=back.owed + owed)
