"""What a provider's notice is read to mean is done: through the same commands as an answer of the provider's."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from msgspec import Struct

from application.loaded import LoadedPayment
from application.operation import BalanceLimitBroken, Operations, TooManyConflicts, claim_id_of
from application.store import Append, Appended, EventStore, UnresolvedOperation, Verb
from domain.history import Cause
from domain.identifiers import OperationId
from domain.payment.events import ContradictionReported
from domain.payment.notice import AsksForLookup, ChangesNothing, Contradicts, Premature, Reading, Settles
from domain.payment.outcome import Outcome, Unknown
from domain.payment.state import InFlight, RequiresAction


class Done(Struct, frozen=True):
    result: str


class Again(Struct, frozen=True):
    """Nothing could be done now, for this reason; later it may."""

    reason: str


class Dead(Struct, frozen=True):
    """An operator has to look."""

    reason: str


Result = Done | Again | Dead


class Notices:
    """Acts on what notices mean, as often as one likes."""

    def __init__(self, *, store: EventStore, operations: Operations, now: Callable[[], datetime]) -> None:
        self._store = store
        self._operations = operations
        self._now = now

    async def act(self, loaded: LoadedPayment, reading: Reading, cause: Cause) -> Result:
        """Raises StoreUnavailable."""
        match reading:
            case ChangesNothing(reason=reason):
                return Done(f"nothing new: {reason}")
            case Premature(reason=reason):
                return Again(reason)
            case Contradicts(events=events, reason=reason):
                return await self._report(loaded, events, reason, cause)
            case Settles(operation_id=operation_id, outcome=outcome):
                return await self._settle(loaded, operation_id, outcome, cause)
            case AsksForLookup():
                return await self._look_up(loaded, cause)
            case _:
                assert_never(reading)

    async def _settle(self, loaded: LoadedPayment, operation_id: OperationId, outcome: Outcome, cause: Cause) -> Result:
        try:
            await self._operations.record(loaded, operation_id, outcome, cause)
        except TooManyConflicts:
            return Again("other commands kept changing the payment first")
        except BalanceLimitBroken as error:
            return Dead(f"to record it would take {error.account} in {error.currency} below its floor")
        return Done(f"settled {operation_id}: {type(outcome).__name__.lower()}")

    async def _look_up(self, loaded: LoadedPayment, cause: Cause) -> Result:
        payment = loaded.payment
        still_unknown = Again("the provider was asked, and could not say yet what became of the open operation")
        if isinstance(payment, RequiresAction):
            outcome = await self._operations.look_up(loaded)
            if outcome is None or isinstance(outcome, Unknown):
                return still_unknown
            return await self._settle(loaded, payment.attempt.attempt_id, outcome, cause)
        if not isinstance(payment, InFlight):
            return Done("nothing is open any more")
        claim_id = claim_id_of(payment)
        claim = await self._store.claim_by_operation(claim_id)
        operation = UnresolvedOperation(
            operation_id=claim_id,
            payment_id=loaded.id,
            verb=Verb.CONFIRM if claim is None else claim.verb,
            claimed_at=self._now(),
        )
        resolved = await self._operations.resolve(operation, cause)
        return Done("the provider was asked, and has settled the open operation") if resolved else still_unknown

    async def _report(
        self, loaded: LoadedPayment, events: tuple[ContradictionReported, ...], reason: str, cause: Cause
    ) -> Result:
        if events:
            recorded = loaded.record(events, cause=cause, now=self._now())
            if not isinstance(await self._store.append(Append(events=recorded)), Appended):
                return Again("another command changed the payment first")
        return Dead(reason)
