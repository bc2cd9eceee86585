"""An operator lists the operations in doubt, has one looked up, or settles one by the provider's own records."""

import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from application.payment.loaded import LoadedPayment, load, loaded_from, payment_events
from application.payment.operation import Operations
from application.payment.operation_queue import OperationQueue, UnresolvedOperation
from application.write.store import EventStore, Verb
from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.history import Cause, Positioned
from domain.identifiers import MerchantId, OperationId, PaymentId, ProviderName
from domain.payment.events import OperationInDoubt, OperationKind, OperationOutcomeUnknown
from domain.payment.operation import claim_id_of, operation_id_of, operation_of, provider_of
from domain.payment.outcome import Approved, Declined
from domain.payment.state import InFlight, Payment, RequiresAction
from domain.payment.status import Status, status_of


class NotInDoubt(DomainError):
    """No operation of the payment has an unknown outcome: an operator has nothing to settle."""

    status: Status


class BeingAsked(DomainError):
    """Another process is asking the provider for the operation now, for `again_in_s` seconds at most."""

    again_in_s: int


class MayYetBeAnswered(DomainError):
    """The provider may still answer the operation, for `again_in_s` seconds at most."""

    again_in_s: int


class Doubt(Struct, frozen=True, kw_only=True):
    """An operation whose outcome has been unknown since `since`, for the `reason` that was recorded last. `in_doubt` is
    True where an operator has to settle the operation."""

    payment_id: PaymentId
    merchant_id: MerchantId
    provider: ProviderName
    operation_id: OperationId
    operation: OperationKind
    since: datetime
    reason: str
    in_doubt: bool


class Doubts:
    """Each method raises StoreUnavailable; those on one payment PaymentNotFound."""

    def __init__(
        self,
        *,
        store: EventStore,
        queue: OperationQueue,
        operations: Operations,
        answers_within_s: float,
        lease_s: float,
    ) -> None:
        """A provider answers within `answers_within_s` seconds; an attempt, of recovery or of an operator, ends within
        `lease_s` seconds."""
        self._store = store
        self._queue = queue
        self._operations = operations
        self._answers_within = timedelta(seconds=answers_within_s)
        self._lease = timedelta(seconds=lease_s)

    async def all(self, *, now: datetime) -> Sequence[Doubt]:
        """The operations in doubt among the thousand that have had no outcome for longest, oldest first."""
        payments = [operation.payment_id for operation in await self._queue.unresolved(claimed_before=now)]
        streams: dict[PaymentId, list[Positioned]] = {payment_id: [] for payment_id in payments}
        for positioned in await self._store.histories(payments):
            streams[PaymentId(positioned.event.originator_id)].append(positioned)
        doubts = (doubt_of(payment_id, history) for payment_id, history in streams.items())
        return [doubt for doubt in doubts if doubt is not None and doubt.in_doubt]

    async def of(self, payment_id: PaymentId) -> Doubt | None:
        """The operation of the payment whose outcome is unknown now; None where there is none."""
        return doubt_of(payment_id, await self._store.history(payment_id))

    async def ask(self, payment_id: PaymentId, cause: Cause, *, now: datetime) -> LoadedPayment:
        """Ask the provider now, and record its answer; the payment afterwards.

        Raises NotInDoubt, BeingAsked.
        """
        claim_id = claim_id_of(_unknown((await load(self._store, payment_id)).payment))
        claim = await self._store.claim_by_operation(claim_id)
        operation = UnresolvedOperation(
            operation_id=claim_id,
            payment_id=payment_id,
            verb=Verb.CONFIRM if claim is None else claim.verb,
            claimed_at=now,
        )
        async with self._taken(claim_id, now):
            await self._operations.resolve(operation, cause)
        return await load(self._store, payment_id)

    async def settle(
        self, payment_id: PaymentId, outcome: Approved | Declined, cause: Cause, *, now: datetime
    ) -> LoadedPayment:
        """Record the outcome that the provider's own records show, as if the provider had answered so; the payment
        afterwards.

        Applies also to an attempt whose customer action has expired and which the provider does not cancel. Where the
        provider's answer came first, that answer counts. A decline ends the payment: no other provider is asked.

        Raises NotInDoubt, BeingAsked, MayYetBeAnswered, CardDataRefused.
        """
        match outcome:
            case Approved(reference=reference):
                require_no_card_number("reference", reference)
            case Declined(message=message):
                require_no_card_number("reason", message)
        operation_id, claim_id = _to_settle((await load(self._store, payment_id)).payment, now)
        async with self._taken(claim_id, now):
            history = await self._store.history(payment_id)
            loaded = loaded_from(payment_id, history)
            if _to_settle(loaded.payment, now) != (operation_id, claim_id):
                raise NotInDoubt(status=status_of(loaded.payment))
            self._require_old_enough(doubt_of(payment_id, history), now)
            # The records of one provider settle the operation: the payment is not rerouted to another provider.
            await self._operations.record(loaded, operation_id, outcome, cause, final=True)
        return await load(self._store, payment_id)

    def _require_old_enough(self, doubt: Doubt | None, now: datetime) -> None:
        if doubt is None or doubt.in_doubt:
            return
        left = doubt.since + self._answers_within - now
        if timedelta(0) < left <= self._answers_within:
            raise MayYetBeAnswered(again_in_s=math.ceil(left.total_seconds()))

    @asynccontextmanager
    async def _taken(self, claim_id: OperationId, now: datetime) -> AsyncIterator[None]:
        """Keep other processes from asking the provider for the operation. Raises BeingAsked where one is asking."""
        until = await self._queue.claim_one(claim_id, now=now, lease=self._lease)
        if until is not None:
            raise BeingAsked(again_in_s=max(1, math.ceil((until - now).total_seconds())))
        try:
            yield
        finally:
            await self._queue.release(claim_id, until=now + self._lease)


def _to_settle(payment: Payment, now: datetime) -> tuple[OperationId, OperationId]:
    """The id of the operation that can be settled, and the id of its claim. Raises NotInDoubt."""
    if isinstance(payment, RequiresAction) and payment.expires_at <= now:
        return payment.attempt.attempt_id, claim_id_of(payment)
    unknown = _unknown(payment)
    return operation_id_of(unknown), claim_id_of(unknown)


def _unknown(payment: Payment) -> InFlight:
    """The payment, which has an operation whose outcome is unknown. Raises NotInDoubt for any other payment."""
    if isinstance(payment, InFlight) and (payment.outcome_unknown or payment.in_doubt):
        return payment
    raise NotInDoubt(status=status_of(payment))


def doubt_of(payment_id: PaymentId, history: Sequence[Positioned]) -> Doubt | None:
    """The operation whose outcome is unknown after `history`, if any. Raises PaymentNotFound for an empty history."""
    payment = loaded_from(payment_id, history).payment
    if not isinstance(payment, InFlight) or not (payment.outcome_unknown or payment.in_doubt):
        return None
    operation_id = operation_id_of(payment)
    [first, *_] = noted = list(_noted(operation_id, history))
    reasons = [data.reason for data in payment_events(noted) if isinstance(data, OperationOutcomeUnknown)]
    return Doubt(
        payment_id=payment_id,
        merchant_id=first.event.merchant_id,
        provider=provider_of(payment),
        operation_id=operation_id,
        operation=operation_of(payment),
        since=first.event.recorded_at,
        reason=reasons[-1] if reasons else "it was never answered",
        in_doubt=payment.in_doubt,
    )


def _noted(operation_id: OperationId, history: Sequence[Positioned]) -> Iterable[Positioned]:
    """The events that say that the operation's outcome is unknown."""
    for positioned in history:
        data = positioned.event.data
        if isinstance(data, OperationOutcomeUnknown | OperationInDoubt) and data.operation_id == operation_id:
            yield positioned
