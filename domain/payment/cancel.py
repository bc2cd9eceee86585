"""A merchant gives up a payment of which no money is reserved: before any attempt, or while the customer has to act."""

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.identifiers import OperationId
from domain.payment.events import FailureKind, PaymentAttemptFailed, PaymentCanceled, PaymentEvent
from domain.payment.outcome import DECLINE_CODE_CANCELED
from domain.payment.refusals import refuse
from domain.payment.state import Attempt, Canceled, Created, Payment, RequiresAction


class CancelPayment(Struct, frozen=True, kw_only=True):
    """`canceled_attempt` is the attempt that its provider has canceled: the customer can no longer approve it."""

    reason: str | None
    canceled_attempt: OperationId | None = None


def cancel(payment: Payment, command: CancelPayment) -> tuple[PaymentEvent, ...]:
    """End the payment without an attempt to charge; nothing where it is canceled already.

    Raises CardDataRefused, or the refusal of a payment that an attempt can still charge, or has charged.
    """
    if command.reason is not None:
        require_no_card_number("reason", command.reason)
    match payment:
        case Created():
            return (PaymentCanceled(reason=command.reason),)
        case RequiresAction(attempt=attempt) if attempt.attempt_id == command.canceled_attempt:
            return canceled(attempt, command.reason)
        case Canceled():
            return ()
        case _:
            raise refuse(payment, "cancel")


def canceled(attempt: Attempt, reason: str | None) -> tuple[PaymentEvent, ...]:
    """The facts that the provider has canceled the attempt, and that the payment ends with it."""
    return (
        PaymentAttemptFailed(
            attempt_id=attempt.attempt_id,
            provider=attempt.provider,
            kind=FailureKind.ABANDONED,
            code=DECLINE_CODE_CANCELED,
            message="It was canceled before the customer had acted.",
        ),
        PaymentCanceled(reason=reason),
    )
