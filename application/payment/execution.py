"""A merchant's command is appended under its key, and its operation runs to its end although the merchant hangs up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import NamedTuple, assert_never

from msgspec.structs import replace

from application.payment.adopted_answer import answer_adopted, has_taken
from application.payment.answers import Answers
from application.payment.loaded import LoadedPayment, load
from application.payment.operation import Operations
from application.payment.operation_queue import UnresolvedOperation
from application.payment.recent import RecentPayments
from application.payment.recovery import Recovery
from application.payment.started import StartedOperation
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, refuse
from application.write.caller import Answered, Caller
from application.write.idempotency import answer_again, find_answer
from application.write.store import Answer, Append, EventStore, KeyUsed, LimitBroken, Verb
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.payment.events import PaymentEvent
from domain.payment.refusals import IllegalTransition
from domain.payment.state import InFlight, Payment
from domain.payment.status import status_of

Decision = Callable[[Payment, OperationId, datetime], tuple[PaymentEvent, ...]]
"""Decides on a payment, with the id its operation would have at the provider."""


class _Durable(NamedTuple):
    """The payment with a command's events; `answer` is None while its operation is in flight."""

    loaded: LoadedPayment
    answer: Answer | None
    position: int | None


class CommandExecution:
    """The machinery that a merchant's commands share."""

    def __init__(
        self,
        *,
        store: EventStore,
        operations: Operations,
        recovery: Recovery,
        answers: Answers,
        pricing_contexts: PricingContexts,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._operations = operations
        self._recovery = recovery
        self._answers = answers
        self._pricing_contexts = pricing_contexts
        self._now = now
        self._recent = RecentPayments()
        self._running: set[asyncio.Task[Answered]] = set()

    async def start(
        self,
        verb: Verb,
        payment_id: PaymentId,
        caller: Caller,
        decide: Decision,
        operation_id: OperationId,
        *,
        limit_broken: Callable[[LoadedPayment, LimitBroken], Awaitable[None]] = refuse,
        amount_minor: int | None = None,
    ) -> Answered:
        """The answer to the command, once what `decide` makes of the payment is durable and its operation has run.

        `limit_broken` returns where `decide` takes the money from another source from then on. `amount_minor` is the
        amount asked for, where the merchant names one. A repeat gets the first command's answer.

        Raises what `decide` raises, PaymentNotFound, TooManyConflicts, BalanceLimitBroken, IdempotencyKeyReused,
        IdempotencyKeyInFlight, StoreUnavailable.
        """
        recent = self._recent.get(payment_id)
        known = None if recent is None else recent.owned_by(caller.merchant_id)

        async def read() -> LoadedPayment:
            self._recent.forget(payment_id)
            return (await load(self._store, payment_id)).owned_by(caller.merchant_id)

        def propose(loaded: LoadedPayment) -> Proposal[_Durable] | Unchanged[DomainError]:
            now = self._now()
            try:
                if has_taken(loaded.payment, operation_id):
                    raise IllegalTransition(verb=verb, status=status_of(loaded.payment))
                events = decide(loaded.payment, operation_id, now)
            except DomainError as refusal:
                if loaded is known:
                    raise
                return Unchanged(refusal)
            return self._proposal(verb, loaded, events, caller, operation_id, now)

        async def first_answer(_loaded: LoadedPayment, used: KeyUsed) -> Answered:
            return await answer_again(self._store, used.claim, caller)

        result: _Durable | Answered | DomainError = await decide_and_append(
            self._store, read, propose, limit_broken=limit_broken, key_used=first_answer, known=known
        )
        match result:
            case _Durable(loaded=loaded, answer=answer, position=position):
                return await self.complete(verb, loaded, caller, operation_id, answer, position)
            case Answered():
                return result
            case DomainError():
                # A repeat finds the payment as its first time left it: it gets that answer, not this refusal.
                answered = await find_answer(self._store, caller) or await answer_adopted(
                    self._store, self._answers, verb, payment_id, operation_id, caller, amount_minor
                )
                if answered is None:
                    raise result
                return answered
            case _:
                assert_never(result)

    def answer_to(self, verb: Verb, operation_id: OperationId, after: LoadedPayment) -> Answer | None:
        """The answer to a command that leaves the payment `after`; None while its operation is in flight."""
        return None if isinstance(after.payment, InFlight) else self._answers(verb, operation_id, after, ())

    async def complete(
        self,
        verb: Verb,
        loaded: LoadedPayment,
        caller: Caller,
        operation_id: OperationId,
        answer: Answer | None,
        position: int | None,
    ) -> Answered:
        """The answer to a command whose events are durable; without an `answer`, that of its operation, which runs.

        Raises StoreUnavailable.
        """
        if answer is not None:
            self._recent.put(loaded)
            return Answered(status=answer.status, body=answer.body, position=position)
        started = StartedOperation(
            operation_id=operation_id,
            claim_id=operation_id,
            verb=verb,
            asked_at=self._now(),
            loaded=loaded,
            cause=caused_by(loaded, caller.cause),
        )
        return await self.shielded(self._run_and_recover(started))

    async def shielded(self, command: Coroutine[None, None, Answered]) -> Answered:
        """Run `command` in a task of its own, so that a merchant that hangs up leaves no operation half done."""
        task = asyncio.create_task(command)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def forget(self, payment_id: PaymentId) -> None:
        """The next command reads the payment from the store."""
        self._recent.forget(payment_id)

    async def aclose(self) -> None:
        """Wait for every operation that is at a provider."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _proposal(
        self,
        verb: Verb,
        loaded: LoadedPayment,
        events: tuple[PaymentEvent, ...],
        caller: Caller,
        operation_id: OperationId,
        now: datetime,
    ) -> Proposal[_Durable]:
        after = loaded.after(events, now=now)
        answer = self.answer_to(verb, operation_id, after)
        append = Append(
            events=loaded.record(events, cause=caller.cause, now=now),
            floors=floors_for(events, self._pricing_contexts.of(caller.merchant_id).terms.settlement),
            claim=caller.claim(verb, operation_id, loaded.id, answer=answer, unresolved=answer is None),
        )
        return Proposal(append, lambda position: _Durable(after, answer, position))

    async def _run_and_recover(self, started: StartedOperation) -> Answered:
        unresolved = UnresolvedOperation(
            operation_id=started.claim_id,
            payment_id=started.loaded.id,
            verb=started.verb,
            claimed_at=self._now(),
        )
        try:
            settled = await self._operations.run(started)
        except Exception:
            self._recovery.soon(unresolved)
            raise
        self._recent.put(settled.loaded)
        if settled.unresolved:
            self._recovery.soon(unresolved)
        return settled.answered


def caused_by(loaded: LoadedPayment, cause: Cause) -> Cause:
    """The cause of what follows from the payment's last event, such as the one that started an operation."""
    return replace(cause, causation_id=f"{loaded.id}:{loaded.version}")
