"""A payment whose customer does not act in time ends unpaid, once its provider has canceled the attempt: until then the
customer may still be paying."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import assert_never
from uuid import uuid5

from application.payment.attempt_cancellation import (
    AttemptCanceled,
    AttemptEnded,
    AttemptNotCanceled,
    cancel_attempt,
)
from application.payment.loaded import LoadedPayment, load
from application.payment.operation import Operations
from application.payment.started import StartedOperation
from application.payment.timer_outcome import Failed, Fired, NothingToDo, TimerOutcome, Waits
from application.write.append import Proposal, TooManyConflicts, Unchanged, decide_and_append, unreachable
from application.write.store import Append, Claim, EventStore, KeyUsed, Verb
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.payment.abandon import abandon
from domain.payment.events import PaymentEvent
from domain.payment.outcome import ActionRequired, Approved, Declined, Mismatched, Rejected, Unavailable, Unknown
from domain.payment.state import Authorized, RequiresAction
from domain.payment.timer import next_look
from domain.payment.void import VoidPayment, void


class CustomerActions:
    """Brings payments that wait for their customers to an end."""

    def __init__(self, *, store: EventStore, operations: Operations, now: Callable[[], datetime]) -> None:
        self._store = store
        self._operations = operations
        self._now = now

    async def follow(self, payment_id: PaymentId, cause: Cause) -> TimerOutcome:
        """Record what the customer has done; end the attempt where the customer's time is over without it.

        Raises PaymentNotFound, StoreUnavailable, and what Operations.record raises.
        """
        loaded = await load(self._store, payment_id)
        payment = loaded.payment
        if not isinstance(payment, RequiresAction):
            return NothingToDo()
        found = await self._operations.calls.look_up(payment, loaded.id)
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
        void_id = cancellation_key(payment.attempt.attempt_id, self._now())
        cancellation = await cancel_attempt(self._operations, loaded, void_id, cause)
        match cancellation:
            case AttemptCanceled():
                return await self._record_end(loaded, payment.attempt.attempt_id, void_id, cause)
            case AttemptEnded():
                return Fired()
            case AttemptNotCanceled(reason=reason):
                return Failed(reason)
            case _:
                assert_never(cancellation)

    async def _record_end(
        self, loaded: LoadedPayment, attempt_id: OperationId, void_id: OperationId, cause: Cause
    ) -> TimerOutcome:
        """Record that the attempt, which the provider has canceled under `void_id`, has ended.

        Where the customer acted in the same moment, the authorisation on record is released at the provider already.
        It is recorded as a void under the id that it had there, so that the provider tells again what it did.
        """

        def propose(
            loaded: LoadedPayment,
        ) -> Proposal[TimerOutcome | StartedOperation] | Unchanged[TimerOutcome | StartedOperation]:
            payment, now = loaded.payment, self._now()
            match payment:
                case RequiresAction(attempt=attempt) if attempt.attempt_id == attempt_id:
                    events: tuple[PaymentEvent, ...] = abandon(payment, now)
                    return Proposal(Append(events=loaded.record(events, cause=cause, now=now)), lambda _: Fired())
                case Authorized(authorization=authorization) if authorization.attempt_id == attempt_id:
                    events = void(payment, VoidPayment(void_id=void_id))
                    append = Append(events=loaded.record(events, cause=cause, now=now), claim=_claim(loaded, void_id))
                    started = _started(loaded.after(events, now=now), void_id, cause)
                    return Proposal(append, lambda _: started)
                case _:
                    return Unchanged(Waits(now))

        async def wait(_loaded: LoadedPayment, _used: KeyUsed) -> TimerOutcome:
            """The void was asked for under this id before."""
            return Waits(self._now())

        try:
            ended = await decide_and_append(
                self._store,
                partial(load, self._store, loaded.id),
                propose,
                limit_broken=unreachable,
                key_used=wait,
                known=loaded,
            )
        except TooManyConflicts:
            return Waits(self._now())
        if not isinstance(ended, StartedOperation):
            return ended
        await self._operations.run(ended)
        return Fired()


def cancellation_key(attempt_id: OperationId, now: datetime) -> OperationId:
    """The id under which an attempt whose customer did not act is canceled at its provider: one for an hour.

    A provider gives the same answer to the same id, and so would refuse for ever where it once refused because the
    customer was about to act. A second cancellation has no other effect.
    """
    return OperationId(uuid5(attempt_id, f"let go {now:%Y-%m-%dT%H}"))


def _claim(loaded: LoadedPayment, void_id: OperationId) -> Claim:
    return Claim(
        operation_id=void_id,
        merchant_id=loaded.merchant_id,
        subject_id=loaded.id,
        verb=Verb.VOID,
        key=None,
        fingerprint=b"",
        unresolved=True,
    )


def _started(loaded: LoadedPayment, void_id: OperationId, cause: Cause) -> StartedOperation:
    return StartedOperation(
        operation_id=void_id, claim_id=void_id, verb=Verb.VOID, asked_at=None, loaded=loaded, cause=cause
    )
