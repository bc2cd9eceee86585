"""A payment that waits for its customer: the provider is asked what came of it, and once the time is over, to let go.

The payment ends unpaid only after the provider has let go of it: until then the customer may still be paying.
"""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from application.payment.attempt_cancellation import (
    AttemptCanceled,
    AttemptEnded,
    AttemptNotCanceled,
    cancel_attempt,
)
from application.payment.loaded import LoadedPayment, load
from application.payment.operation import Operations, StartedOperation
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.write.store import Append, Appended, Claim, EventStore, Verb
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.payment.abandon import abandon
from domain.payment.outcome import ActionRequired, Approved, Declined, Mismatched, Rejected, Unavailable, Unknown
from domain.payment.state import Authorized, RequiresAction
from domain.payment.timer import next_look
from domain.payment.void import VoidPayment, void


class CustomerActions:
    """Brings payments that wait for their customer to an end."""

    def __init__(self, *, store: EventStore, operations: Operations, now: Callable[[], datetime]) -> None:
        self._store = store
        self._operations = operations
        self._now = now

    async def follow(self, payment_id: PaymentId, cause: Cause) -> TimerOutcome:
        """Look whether the customer has acted; end the attempt if not, and the time is over.

        Raises PaymentNotFound, StoreUnavailable, and what Operations.record raises.
        """
        loaded = await load(self._store, payment_id)
        payment = loaded.payment
        if not isinstance(payment, RequiresAction):
            return NothingToDo()
        found = await self._operations.look_up(loaded)
        if isinstance(found, Approved | Declined | Rejected):
            await self._operations.record(loaded, payment.attempt.attempt_id, found, cause)
            return Fired()
        if isinstance(found, Mismatched):
            loaded = await self._operations.record(loaded, payment.attempt.attempt_id, found, cause)
            if not isinstance(loaded.payment, RequiresAction):
                return Fired()
        now = self._now()
        if now < payment.expires_at:
            asked_at = payment.attempt.started_at
            return Waits(next_look(asked_at=asked_at, expires_at=payment.expires_at, now=now))
        match found:
            case Unknown(reason=reason) | Unavailable(reason=reason):
                return Failed(reason)
            case ActionRequired() | None:
                return await self._cancel_authorization(loaded, cause)
            case _:
                assert_never(found)

    async def _cancel_authorization(self, loaded: LoadedPayment, cause: Cause) -> TimerOutcome:
        payment = loaded.payment
        assert isinstance(payment, RequiresAction)
        void_id = self._operations.cancellation_key(payment.attempt.attempt_id)
        cancellation = await cancel_attempt(self._operations, loaded, void_id, cause)
        match cancellation:
            case AttemptCanceled():
                return await self._abandon(loaded, void_id, cause)
            case AttemptEnded():
                return Fired()
            case AttemptNotCanceled(reason=reason):
                return Failed(reason)
            case _:
                assert_never(cancellation)

    async def _abandon(self, loaded: LoadedPayment, void_id: OperationId, cause: Cause) -> TimerOutcome:
        now = self._now()
        events = abandon(loaded.payment, now)
        result = await self._store.append(Append(events=loaded.record(events, cause=cause, now=now)))
        return (
            Fired() if isinstance(result, Appended) else await self._void_canceled_authorization(loaded, void_id, cause)
        )

    async def _void_canceled_authorization(
        self, before: LoadedPayment, void_id: OperationId, cause: Cause
    ) -> TimerOutcome:
        """The customer has acted in the very moment: what is authorised for us is released at the provider already.

        Recorded as a void under the id that it had there, so that the provider tells again what it did.
        """
        assert isinstance(before.payment, RequiresAction)
        loaded = await load(self._store, before.id)
        payment = loaded.payment
        if not (
            isinstance(payment, Authorized) and payment.authorization.attempt_id == before.payment.attempt.attempt_id
        ):
            return Waits(self._now())
        events = void(payment, VoidPayment(void_id=void_id))
        claim = Claim(
            operation_id=void_id,
            merchant_id=loaded.merchant_id,
            subject_id=loaded.id,
            verb=Verb.VOID,
            key=None,
            fingerprint=b"",
            unresolved=True,
        )
        now = self._now()
        recorded = loaded.record(events, cause=cause, now=now)
        if not isinstance(await self._store.append(Append(events=recorded, claim=claim)), Appended):
            return Waits(self._now())
        started = StartedOperation(
            operation_id=void_id,
            claim_id=void_id,
            verb=Verb.VOID,
            asked_at=None,
            loaded=loaded.after(events, now=now),
            cause=cause,
        )
        await self._operations.run(started)
        return Fired()
