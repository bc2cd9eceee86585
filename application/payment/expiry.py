"""An authorisation that ran out is released, by whichever worker notices first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

from application.payment.loaded import load
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.write.store import Append, Appended, EventStore, KeyUsed, LimitBroken, VersionConflict
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.expire import AuthorizationStillValid, expire
from domain.payment.refusals import IllegalTransition, OperationInProgress

BEHIND_AN_OPERATION = timedelta(seconds=10)
"""How long it waits, each time, for an operation that is at the provider."""


async def expire_authorization(
    store: EventStore, payment_id: PaymentId, cause: Cause, now: Callable[[], datetime]
) -> TimerOutcome:
    """Release the rest of a payment's authorisation if it has run out. Raises PaymentNotFound, StoreUnavailable."""
    loaded = await load(store, payment_id)
    at = now()
    try:
        events = expire(loaded.payment, at)
    except IllegalTransition:
        return NothingToDo()
    except OperationInProgress:
        return Waits(at + BEHIND_AN_OPERATION)
    except AuthorizationStillValid as error:
        return Waits(error.expires_at)
    result = await store.append(Append(events=loaded.record(events, cause=cause, now=at)))
    match result:
        case Appended():
            return Fired()
        case VersionConflict():
            return Waits(at)
        case LimitBroken(account=account):
            return Failed(f"it would take {account} below its limit")
        case KeyUsed():
            raise AssertionError("an expiry claims no key")
        case _:
            assert_never(result)
