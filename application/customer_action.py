"""A payment that waits for its customer: the provider is asked what came of it, and once the time is over, to let go.

The payment ends unpaid only after the provider has let go of it: until then the customer may still be paying.
"""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from application.firing import Failed, Fired, Firing, NothingToDo, Waits
from application.loaded import LoadedPayment, load
from application.operation import Operations
from application.store import Append, Appended, EventStore
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.abandon import abandon
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Rejected, Unavailable, Unknown
from domain.payment.state import RequiresAction
from domain.payment.timer import next_look


class CustomerActions:
    """Brings payments that wait for their customer to an end."""

    def __init__(self, *, store: EventStore, operations: Operations, now: Callable[[], datetime]) -> None:
        self._store = store
        self._operations = operations
        self._now = now

    async def follow(self, payment_id: PaymentId, cause: Cause) -> Firing:
        """Look whether the customer has acted; end the attempt if not, and the time is over.

        Raises PaymentNotFound, StoreUnavailable, and what Operations.record raises.
        """
        loaded = await load(self._store, payment_id)
        payment = loaded.payment
        if not isinstance(payment, RequiresAction):
            return NothingToDo()
        found = await self._operations.look_up(loaded)
        if isinstance(found, Approved | Declined | Rejected):
            return await self._record(loaded, found, cause)
        now = self._now()
        if now < payment.expires_at:
            asked_at = payment.attempt.started_at
            return Waits(next_look(asked_at=asked_at, expires_at=payment.expires_at, now=now))
        match found:
            case Unknown(reason=reason) | Unavailable(reason=reason):
                return Failed(reason)
            case ActionRequired() | None:
                return await self._let_go(loaded, cause)
            case _:
                assert_never(found)

    async def _let_go(self, loaded: LoadedPayment, cause: Cause) -> Firing:
        answer = await self._operations.let_go(loaded)
        match answer:
            case Approved():
                return await self._abandon(loaded, cause)
            case Declined() | Rejected():
                # The likeliest reason is that the customer has just acted.
                found = await self._operations.look_up(loaded)
                if isinstance(found, Approved | Declined | Rejected):
                    return await self._record(loaded, found, cause)
                return Failed(f"the provider does not let go of it: {answer.message}")
            case Unknown(reason=reason) | Unavailable(reason=reason):
                return Failed(reason)
            case ActionRequired():
                return Failed("the provider asks for a customer action before it lets go of it")
            case _:
                assert_never(answer)

    async def _record(self, loaded: LoadedPayment, outcome: Outcome, cause: Cause) -> Firing:
        assert isinstance(loaded.payment, RequiresAction)
        await self._operations.record(loaded, loaded.payment.attempt.attempt_id, outcome, cause)
        return Fired()

    async def _abandon(self, loaded: LoadedPayment, cause: Cause) -> Firing:
        now = self._now()
        events = abandon(loaded.payment, now)
        result = await self._store.append(Append(events=loaded.record(events, cause=cause, now=now)))
        # Where another command came first, the payment is looked at anew: letting go again has no other effect.
        return Fired() if isinstance(result, Appended) else Waits(now)
