"""An authorisation that ran out is released, by the first worker that notices."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from application.payment.loaded import LoadedPayment, load
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.write.append import (
    BalanceLimitBroken,
    Proposal,
    TooManyConflicts,
    Unchanged,
    decide_and_append,
    refuse,
    unreachable,
)
from application.write.store import Append, EventStore
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.expire import AuthorizationStillValid, expire
from domain.payment.refusals import IllegalTransition, OperationInProgress

BEHIND_AN_OPERATION = timedelta(seconds=10)
"""The wait, each time, for an operation that is at the provider."""


async def expire_authorization(
    store: EventStore, payment_id: PaymentId, cause: Cause, now: Callable[[], datetime]
) -> TimerOutcome:
    """Release the rest of a payment's authorisation if it has run out. Raises PaymentNotFound, StoreUnavailable."""

    def propose(loaded: LoadedPayment) -> Proposal[TimerOutcome] | Unchanged[TimerOutcome]:
        at = now()
        try:
            events = expire(loaded.payment, at)
        except IllegalTransition:
            return Unchanged(NothingToDo())
        except OperationInProgress:
            return Unchanged(Waits(at + BEHIND_AN_OPERATION))
        except AuthorizationStillValid as error:
            return Unchanged(Waits(error.expires_at))
        return Proposal(Append(events=loaded.record(events, cause=cause, now=at)), lambda _: Fired())

    try:
        return await decide_and_append(
            store, partial(load, store, payment_id), propose, limit_broken=refuse, key_used=unreachable
        )
    except TooManyConflicts:
        return Waits(now())
    except BalanceLimitBroken as broken:
        return Failed(f"it would take {broken.account} below its limit")
