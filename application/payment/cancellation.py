"""A merchant cancels a payment: at the provider first, where its customer could still approve the attempt."""

from typing import assert_never

from application.payment.attempt_cancellation import (
    AttemptCanceled,
    AttemptEnded,
    AttemptNotCanceled,
    cancel_attempt,
    look_up_end,
)
from application.payment.loaded import LoadedPayment
from application.payment.operation import Operations
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import OperationId
from domain.payment.cancel import CancelPayment, cancel
from domain.payment.events import PaymentEvent
from domain.payment.state import Authorized, Payment, RequiresAction
from domain.payment.void import VoidPayment, void


class CancellationRefused(DomainError):
    """The provider does not cancel the attempt, which its customer can still approve."""


class CancellationUnanswered(DomainError):
    """The provider has not said that it canceled the attempt, which its customer may still be able to approve."""

    retry_after_s: int = 1


async def cancel_at_provider(
    operations: Operations, loaded: LoadedPayment, cancel_id: OperationId, cause: Cause
) -> OperationId | None:
    """Cancel the attempt of a payment that requires action; its id, or None where its customer had acted before.

    Raises CancellationRefused, CancellationUnanswered, StoreUnavailable, and what Operations.record raises.
    """
    assert isinstance(loaded.payment, RequiresAction)
    cancellation = await look_up_end(operations, loaded, cause) or await cancel_attempt(
        operations, loaded, cancel_id, cause
    )
    match cancellation:
        case AttemptCanceled():
            return loaded.payment.attempt.attempt_id
        case AttemptEnded():
            return None
        case AttemptNotCanceled(refused=True):
            raise CancellationRefused()
        case AttemptNotCanceled():
            raise CancellationUnanswered()
        case _:
            assert_never(cancellation)


def decide_cancellation(
    payment: Payment, reason: str | None, canceled_attempt: OperationId | None, cancel_id: OperationId
) -> tuple[PaymentEvent, ...]:
    """Decide on a payment whose `canceled_attempt` the provider has canceled under `cancel_id`, if it had one.

    An approval that was recorded meanwhile is one whose funds the provider has released since: the cancellation is
    recorded as the void that it was. Raises what domain.payment.cancel raises.
    """
    if isinstance(payment, Authorized) and payment.authorization.attempt_id == canceled_attempt:
        return void(payment, VoidPayment(void_id=cancel_id))
    return cancel(payment, CancelPayment(reason=reason, canceled_attempt=canceled_attempt))
