"""An answer that contradicts what is on record, or does not fit what was asked, is never passed over.

It changes nothing by itself: it is a fact of the payment, and an operator is told.
"""

from datetime import datetime

from application.dead_letter.sink import DeadLetterSink
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.write.store import Append, EventStore
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.payment.events import ContradictionReported
from domain.payment.misfit import misfit_reported
from domain.payment.notice import Contradicts, Notice, read_notice
from domain.payment.outcome import Approved, Declined, Mismatched, Outcome, Rejected
from domain.payment.progress import Operation, operations_of


async def report_contradiction(
    store: EventStore,
    letters: DeadLetterSink,
    payment_id: PaymentId,
    operation_id: OperationId,
    outcome: Outcome,
    cause: Cause,
    now: datetime,
) -> None:
    """Record it and tell an operator, if `outcome` says the opposite of how the operation ended. Raises
    StoreUnavailable."""
    if not isinstance(outcome, Approved | Declined | Rejected):
        return
    history = await store.history(payment_id)
    events = tuple(payment_events(history))
    operation = operations_of(events).get(operation_id)
    if operation is None:
        return
    loaded = loaded_from(payment_id, history)
    notice = Notice(
        provider=operation.provider, about=operation.kind, outcome=outcome, operation_id=operation_id, reference=None
    )
    reading = read_notice(loaded.payment, events, notice)
    if isinstance(reading, Contradicts) and reading.events:
        await _report(store, letters, loaded, operation, reading.events, reading.reason, cause, now)


async def report_mismatch(
    store: EventStore,
    letters: DeadLetterSink,
    payment_id: PaymentId,
    operation_id: OperationId,
    outcome: Mismatched,
    cause: Cause,
    now: datetime,
) -> None:
    """Record that the provider's answer does not fit what was asked, and tell an operator: once, however often the
    provider says the same. Raises StoreUnavailable."""
    history = await store.history(payment_id)
    events = tuple(payment_events(history))
    operation = operations_of(events).get(operation_id)
    if operation is None:
        return
    reported = misfit_reported(events, operation, outcome.reason)
    if reported:
        loaded = loaded_from(payment_id, history)
        await _report(store, letters, loaded, operation, reported, outcome.reason, cause, now)


async def _report(
    store: EventStore,
    letters: DeadLetterSink,
    loaded: LoadedPayment,
    operation: Operation,
    events: tuple[ContradictionReported, ...],
    reason: str,
    cause: Cause,
    now: datetime,
) -> None:
    """The letter before the event: whoever comes again after a crash between the two finds that it has to be told."""
    await letters.record(
        kind=DeadLetterKind.COMMAND,
        subject=str(operation.operation_id),
        merchant_id=loaded.merchant_id,
        payment_id=loaded.id,
        provider=operation.provider,
        reason=reason,
        cause=cause,
    )
    await store.append(Append(events=loaded.record(events, cause=cause, now=now), records_external_effect=True))
