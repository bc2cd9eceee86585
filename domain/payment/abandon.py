"""An attempt whose customer does not act in time ends, once its provider has canceled it."""

from datetime import datetime

from domain.errors import DomainError
from domain.payment.events import FailureKind, PaymentAttemptFailed, PaymentEvent, PaymentFailed
from domain.payment.refusals import refuse
from domain.payment.state import Payment, RequiresAction

ABANDONED = ("customer_action_expired", "The customer did not act in time.")


class ActionStillPossible(DomainError):
    """The customer's time has not run out yet."""

    expires_at: datetime


def abandon(payment: Payment, now: datetime) -> tuple[PaymentEvent, ...]:
    """End the payment unpaid. Raises ActionStillPossible, or the refusal of a payment that waits for no customer."""
    match payment:
        case RequiresAction(attempt=attempt, expires_at=expires_at):
            pass
        case _:
            raise refuse(payment, "abandon")
    if now < expires_at:
        raise ActionStillPossible(expires_at=expires_at)
    code, message = ABANDONED
    return (
        PaymentAttemptFailed(
            attempt_id=attempt.attempt_id,
            provider=attempt.provider,
            kind=FailureKind.ABANDONED,
            code=code,
            message=message,
        ),
        PaymentFailed(code=code, message=message),
    )
