"""An answer that contradicts the record, or does not fit its request, becomes a fact of the payment, with a dead letter
for an operator in the same append."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from application.dead_letter.sink import DeadLetterRecording
from application.payment.loaded import LoadedPayment, loaded_from, payment_events
from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.store import Append, EventStore
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterSubject
from domain.history import Cause, Recorded
from domain.identifiers import OperationId, PaymentId
from domain.payment.events import ContradictionReported, PaymentEvent
from domain.payment.misfit import misfit_reported
from domain.payment.notice import Notice, read_notice
from domain.payment.outcome import Approved, Declined, Mismatched, Outcome, Rejected
from domain.payment.progress import Operation, operations_of
from domain.payment.reading import Contradicts
from domain.payment.state import Payment

Finding = Callable[[Payment, Sequence[PaymentEvent], Operation], Contradicts | None]
"""Finds what there is to report of an operation; nothing where that is on record already."""


class _Report(NamedTuple):
    """The payment, what is to be reported of it, and the dead letter about that."""

    loaded: LoadedPayment
    events: tuple[ContradictionReported, ...]
    letter: tuple[Recorded, ...]


class Contradictions:
    """Each method reports the same only once, and raises PaymentNotFound, TooManyConflicts and StoreUnavailable."""

    def __init__(self, *, store: EventStore, letters: DeadLetterRecording, now: Callable[[], datetime]) -> None:
        self._store = store
        self._letters = letters
        self._now = now

    async def report(self, payment_id: PaymentId, operation_id: OperationId, outcome: Outcome, cause: Cause) -> None:
        """Report an outcome that is the opposite of how the operation ended; no effect of any other outcome."""
        if not isinstance(outcome, Approved | Declined | Rejected):
            return

        def find(payment: Payment, events: Sequence[PaymentEvent], operation: Operation) -> Contradicts | None:
            notice = Notice(
                provider=operation.provider,
                about=operation.kind,
                outcome=outcome,
                operation_id=operation_id,
                reference=None,
            )
            reading = read_notice(payment, events, notice)
            return reading if isinstance(reading, Contradicts) else None

        await self._report(payment_id, operation_id, find, cause)

    async def report_mismatch(
        self, payment_id: PaymentId, operation_id: OperationId, outcome: Mismatched, cause: Cause
    ) -> None:
        """Report an answer that does not fit its request."""

        def find(_payment: Payment, events: Sequence[PaymentEvent], operation: Operation) -> Contradicts:
            return Contradicts(misfit_reported(events, operation, outcome.reason), outcome.reason)

        await self._report(payment_id, operation_id, find, cause)

    async def _report(self, payment_id: PaymentId, operation_id: OperationId, find: Finding, cause: Cause) -> None:
        async def read() -> _Report:
            history = await self._store.history(payment_id)
            loaded, events = loaded_from(payment_id, history), tuple(payment_events(history))
            operation = operations_of(events).get(operation_id)
            found = None if operation is None else find(loaded.payment, events, operation)
            if operation is None or found is None or not found.events:
                return _Report(loaded, (), ())
            subject = DeadLetterSubject(
                kind=DeadLetterKind.COMMAND,
                subject=str(operation_id),
                payment_id=payment_id,
                provider=operation.provider,
                reason=found.reason,
            )
            letter = await self._letters.recording(subject, merchant_id=loaded.merchant_id, cause=cause)
            return _Report(loaded, found.events, letter)

        def propose(report: _Report) -> Proposal[None] | Unchanged[None]:
            if not report.events:
                return Unchanged(None)
            recorded = report.loaded.record(report.events, cause=cause, now=self._now())
            append = Append(events=(*recorded, *report.letter), records_external_effect=True)
            return Proposal(append, lambda _: None)

        await decide_and_append(self._store, read, propose, limit_broken=unreachable, key_used=unreachable)
