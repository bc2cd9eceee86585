"""An authorisation that ran out is released, by whichever worker notices first."""

from collections.abc import Callable
from datetime import datetime

from application.loaded import load
from application.store import Append, Appended, EventStore
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.expire import AuthorizationStillValid, expire
from domain.payment.refusals import IllegalTransition, OperationInProgress


async def expire_authorization(
    store: EventStore, payment_id: PaymentId, cause: Cause, now: Callable[[], datetime]
) -> bool:
    """Release the rest of a payment's authorisation if it has run out; False when there was nothing to release, or
    another command came first (the next round sees to it). Raises PaymentNotFound, StoreUnavailable."""
    loaded = await load(store, payment_id)
    at = now()
    try:
        events = expire(loaded.payment, at)
    except (IllegalTransition, OperationInProgress, AuthorizationStillValid):
        return False
    recorded = loaded.record(events, cause=cause, now=at)
    result = await store.append(Append(events=recorded))
    return isinstance(result, Appended)
