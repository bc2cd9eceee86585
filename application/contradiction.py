"""An answer to an operation that has ended otherwise is never passed over, and changes nothing by itself."""

from datetime import datetime

from application.loaded import loaded_from, payment_events
from application.store import Append, EventStore
from application.telling import Letters
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.payment.notice import Contradicts, Notice, read_notice
from domain.payment.outcome import Approved, Declined, Outcome, Rejected
from domain.payment.progress import operations_of


async def report_contradiction(
    store: EventStore,
    letters: Letters,
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
    if not isinstance(reading, Contradicts) or not reading.events:
        return
    recorded = loaded.record(reading.events, cause=cause, now=now)
    await store.append(Append(events=recorded, brings_home=True))
    await letters.record(
        kind=DeadLetterKind.COMMAND,
        subject=str(operation_id),
        merchant_id=loaded.merchant_id,
        payment_id=payment_id,
        provider=operation.provider,
        reason=reading.reason,
        cause=cause,
    )
