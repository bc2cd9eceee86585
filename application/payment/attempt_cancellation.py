"""An attempt whose customer still has to act is canceled at its provider, unless the customer has acted before."""

from typing import assert_never

from msgspec import Struct

from application.payment.loaded import LoadedPayment
from application.payment.operation import Operations
from domain.history import Cause
from domain.identifiers import OperationId
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    ActionRequired,
    Approved,
    Declined,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.state import RequiresAction


class AttemptCanceled(Struct, frozen=True):
    """The provider has canceled the attempt: the customer can no longer approve it."""


class AttemptEnded(Struct, frozen=True):
    """The customer had approved or refused the attempt before, and that is recorded."""


class AttemptNotCanceled(Struct, frozen=True):
    """The customer can still approve the attempt. `refused` says that the provider refused to cancel, and did not
    merely fail to answer."""

    reason: str
    refused: bool = False


AttemptCancellation = AttemptCanceled | AttemptEnded | AttemptNotCanceled


async def cancel_attempt(
    operations: Operations, loaded: LoadedPayment, cancel_id: OperationId, cause: Cause
) -> AttemptCancellation:
    """Cancel the attempt of a payment that requires action, under `cancel_id` at its provider.

    Raises StoreUnavailable, and what Operations.record raises.
    """
    answer = await operations.calls.cancel_authorization(loaded, cancel_id)
    match answer:
        case Approved():
            return AttemptCanceled()
        case Declined() | Rejected():
            # The likeliest reason is that the customer has just acted.
            found = await look_up_end(operations, loaded, cause)
            return found or AttemptNotCanceled(f"the provider does not let go of it: {answer.message}", refused=True)
        case Unknown(reason=reason) | Unavailable(reason=reason):
            return AttemptNotCanceled(reason)
        case ActionRequired():
            return AttemptNotCanceled("the provider asks for a customer action before it lets go of it")
        case _:
            assert_never(answer)


async def look_up_end(
    operations: Operations, loaded: LoadedPayment, cause: Cause
) -> AttemptCanceled | AttemptEnded | None:
    """The end of the attempt at its provider, if any; the customer's answer is recorded, a cancellation is not.

    Raises StoreUnavailable, and what Operations.record raises.
    """
    assert isinstance(loaded.payment, RequiresAction)
    found = await operations.calls.look_up(loaded.payment, loaded.id)
    match found:
        case Declined(code=code) if code == DECLINE_CODE_CANCELED:
            return AttemptCanceled()
        case Approved() | Declined() | Rejected():
            await operations.record(loaded, loaded.payment.attempt.attempt_id, found, cause)
            return AttemptEnded()
        case _:
            return None
