"""A provider's notice takes effect through the same commands as a provider's answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import assert_never

from msgspec import Struct

from application.payment.adoption import Adopted, Adoptions
from application.payment.correlation import Correlation
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.payment.operation import Operations
from application.payment.operation_queue import UnresolvedOperation
from application.provider.webhook import Notification
from application.write.append import BalanceLimitBroken, TooManyConflicts, append_if_current
from application.write.store import Append, EventStore, Verb
from domain.errors import DomainError
from domain.event import name_of
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.events import ContradictionReported
from domain.payment.notice import Notice, of_another_payment, read_notice
from domain.payment.operation import claim_id_of
from domain.payment.outcome import Mismatched, Outcome, Unknown
from domain.payment.reading import (
    Adopts,
    AsksForLookup,
    ChangesNothing,
    Contradicts,
    NotYetApplicable,
    Reading,
    Reverses,
    Settles,
)
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import InFlight, Processing, RequiresAction


def notice_of(provider: ProviderName, said: Notification) -> Notice:
    """The notification as a notice of `provider`."""
    return Notice(
        provider=provider,
        about=said.about,
        outcome=said.outcome,
        operation_id=said.operation_id,
        reference=said.reference,
        own_reference=said.own_reference,
        amount=said.amount,
        closes=said.closes,
    )


class Done(Struct, frozen=True):
    result: str


class Again(Struct, frozen=True):
    """The notice cannot take effect now, for this reason, and is tried again later."""

    reason: str


class Dead(Struct, frozen=True):
    """The notice cannot take effect, for this reason: an operator has to look."""

    reason: str


Result = Done | Again | Dead


class Notices:
    """Idempotent: a notice may come any number of times."""

    def __init__(
        self,
        *,
        store: EventStore,
        operations: Operations,
        adoptions: Adoptions,
        correlation: Correlation,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._operations = operations
        self._adoptions = adoptions
        self._correlation = correlation
        self._now = now

    async def act(self, loaded: LoadedPayment, notice: Notice, reading: Reading, cause: Cause) -> Result:
        """Apply `reading`, which is that of `notice`. Raises StoreUnavailable."""
        match reading:
            case ChangesNothing(reason=reason):
                return Done(f"nothing new: {reason}")
            case NotYetApplicable(reason=reason):
                return Again(reason)
            case Contradicts(events=events, reason=reason):
                return await self._report(loaded, events, reason, cause)
            case Settles(operation_id=operation_id, outcome=outcome):
                if await self._names_charge_of_another_payment(loaded, notice):
                    history = await self._store.history(loaded.id)
                    contradiction = of_another_payment(tuple(payment_events(history)), notice)
                    return await self._report(loaded, contradiction.events, contradiction.reason, cause)
                return await self._settle(loaded, operation_id, outcome, cause)
            case Adopts(command=adoption):
                return await self._record(self._adoptions.adopt(loaded.id, adoption, cause))
            case Reverses(command=reversal):
                return await self._record(self._adoptions.reverse(loaded.id, reversal, cause))
            case AsksForLookup():
                found = await self._look_up(loaded, cause)
                return await self._read_again(loaded.id, notice, found, cause) if isinstance(found, Done) else found
            case _:
                assert_never(reading)

    async def _names_charge_of_another_payment(self, loaded: LoadedPayment, notice: Notice) -> bool:
        """Whether the notice names a charge of another payment, whose money would then be moved for this one.

        A charge that is on record here has been compared before. Asks a view, which may be a moment behind.
        """
        if not isinstance(loaded.payment, Processing) or notice.reference is None:
            return False
        owner = await self._correlation.payment_of_reference(notice.provider, notice.reference)
        return owner not in (None, loaded.id)

    async def _settle(self, loaded: LoadedPayment, operation_id: OperationId, outcome: Outcome, cause: Cause) -> Result:
        try:
            await self._operations.record(loaded, operation_id, outcome, cause)
        except TooManyConflicts:
            return Again("other commands kept changing the payment first")
        except BalanceLimitBroken as error:
            return Dead(f"to record it would take {error.account} in {error.currency} below its floor")
        return Done(f"settled {operation_id}: {type(outcome).__name__.lower()}")

    async def _read_again(self, payment_id: PaymentId, notice: Notice, found: Done, cause: Cause) -> Result:
        """Read the notice again after the operation that it may have been about has ended: a movement that no operation
        on record explains was made at the provider."""
        history = await self._store.history(payment_id)
        loaded = loaded_from(payment_id, history)
        reading = read_notice(loaded.payment, tuple(payment_events(history)), notice)
        match reading:
            case AsksForLookup():
                return Again("another operation of the payment is open by now")
            case ChangesNothing():
                return found
            case _:
                return await self.act(loaded, notice, reading, cause)

    async def _record(self, recording: Awaitable[Adopted]) -> Result:
        try:
            adopted = await recording
        except (IllegalTransition, OperationInProgress) as error:
            return Again(f"the payment is {error.status}, and the provider says what cannot have happened to it yet")
        except TooManyConflicts:
            return Again("other commands kept changing the payment first")
        except DomainError as error:
            return Dead(f"it cannot be recorded as it is told: {error}")
        if not adopted.events:
            return Done("nothing new: it is on record")
        return Done(", ".join(map(name_of, adopted.events)))

    async def _look_up(self, loaded: LoadedPayment, cause: Cause) -> Result:
        payment = loaded.payment
        still_unknown = Again("the provider was asked, and could not say yet what became of the open operation")
        if isinstance(payment, RequiresAction):
            outcome = await self._operations.calls.look_up(payment, loaded.id)
            if isinstance(outcome, Mismatched):
                reported = await self._operations.record(loaded, payment.attempt.attempt_id, outcome, cause)
                return still_unknown if isinstance(reported.payment, RequiresAction) else Done("it has ended")
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
            append = Append(events=loaded.record(events, cause=cause, now=self._now()))
            if await append_if_current(self._store, append) is None:
                return Again("another command changed the payment first")
        return Dead(reason)
