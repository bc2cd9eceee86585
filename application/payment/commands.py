"""What a merchant can ask of a payment: each command is decided on the payment's own history and appended."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import NamedTuple, assert_never

from msgspec.structs import replace

from application.payment.adopted_answer import answer_adopted, has_taken
from application.payment.answers import Answers
from application.payment.cancellation import cancel_at_provider, decide_cancellation
from application.payment.loaded import LoadedPayment, load
from application.payment.lost_charges import LostCharges
from application.payment.operation import Operations, StartedOperation
from application.payment.operation_queue import UnresolvedOperation
from application.payment.orphans import Pin
from application.payment.recent import RecentPayments
from application.payment.recovery import Recovery
from application.provider.routing_port import Routing
from application.terms.balance_floors import floors_for
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, refuse
from application.write.caller import Answered, Caller
from application.write.command_ids import CommandIds
from application.write.idempotency import answer_again, find_answer
from application.write.recording import record_all
from application.write.store import (
    Answer,
    Append,
    Appended,
    EventStore,
    KeyUsed,
    LimitBroken,
    Verb,
    VersionConflict,
)
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.ledger.accounts import AccountCode, is_lot
from domain.money.money import Money
from domain.payment.capture import CapturePayment, capture
from domain.payment.confirm import NextAttempt, confirm
from domain.payment.create import CreatePayment, create
from domain.payment.debit import DebitSource
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve
from domain.payment.refund import RefundPayment, refund
from domain.payment.refusals import IllegalTransition
from domain.payment.state import Created, InFlight, Payment, RequiresAction, terms_of
from domain.payment.status import status_of
from domain.payment.void import VoidPayment, void

Decision = Callable[[Payment, OperationId, datetime], tuple[PaymentEvent, ...]]
"""Decides on a payment, with the id its operation would have at the provider."""


class _Durable(NamedTuple):
    """The payment with a command's events; `answer` is None while its operation is in flight."""

    loaded: LoadedPayment
    answer: Answer | None
    position: int | None


class Payments:
    """Every command of a merchant on its payments.

    Each method raises the domain's refusals, PaymentNotFound, IdempotencyKeyReused, IdempotencyKeyInFlight,
    TooManyConflicts, ChargeUncertain, and StoreUnavailable; a refused command leaves no event, and does not use up
    its key.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        operations: Operations,
        recovery: Recovery,
        answers: Answers,
        pricing_contexts: PricingContexts,
        routing: Routing,
        lost: LostCharges,
        now: Callable[[], datetime],
        ids: CommandIds,
    ) -> None:
        self._store = store
        self._operations = operations
        self._recovery = recovery
        self._answers = answers
        self._pricing_contexts = pricing_contexts
        self._routing = routing
        self._lost = lost
        self._now = now
        self._ids = ids
        self._recent = RecentPayments()
        self._running: set[asyncio.Task[Answered]] = set()

    async def create(self, command: CreatePayment, caller: Caller, *, confirmed: bool) -> Answered:
        """Create a payment; `confirmed` sends it to a provider at once, in the same append."""
        payment_id = await self._ids.payment_id(caller)
        now = self._now()
        created = create(command)
        payment = evolve(None, created)
        events: tuple[PaymentEvent, ...] = (created,)
        operation_id = OperationId(payment_id)
        if confirmed:
            first_attempt_id = await self._ids.operation_id(caller, Verb.CREATE)
            pin = self._lost.known(payment_id)
            if pin is None and self._lost.look_up(first_attempt_id):
                answered = await find_answer(self._store, caller)
                if answered is not None:
                    return answered
                pin = await self._lost.find(payment_id, terms_of(payment), first_attempt_id)
            operation_id = first_attempt_id if pin is None else pin.attempt_id
            pricing = self._pricing_contexts.of(caller.merchant_id)
            events += confirm(payment, self._first_attempt(payment_id, operation_id, pin), pricing, now)
        loaded = LoadedPayment(id=payment_id, payment=payment, version=1, created_at=now, updated_at=now)
        loaded = loaded.after(events[1:], now=now)
        in_flight = isinstance(loaded.payment, InFlight)
        answer = None if in_flight else self._answers(Verb.CREATE, operation_id, loaded, ())
        result = await self._store.append(
            Append(
                events=record_all(payment_id, 0, events, merchant_id=caller.merchant_id, cause=caller.cause, now=now),
                claim=caller.claim(Verb.CREATE, operation_id, payment_id, answer=answer, unresolved=in_flight),
            )
        )
        match result:
            case Appended(position=position):
                if answer is not None:
                    self._recent.put(loaded)
                    return Answered(status=answer.status, body=answer.body, position=position)
                return await self._run(operation_id, Verb.CREATE, loaded, caller)
            case KeyUsed(claim=claim):
                return await answer_again(self._store, claim, caller)
            case VersionConflict() | LimitBroken():
                raise AssertionError(f"a new stream cannot be refused with {type(result).__name__}")
            case _:
                assert_never(result)

    async def confirm(self, payment_id: PaymentId, caller: Caller) -> Answered:
        """Send a created payment to a provider."""
        pricing = self._pricing_contexts.of(caller.merchant_id)
        first_attempt_id = await self._ids.operation_id(caller, Verb.CONFIRM)
        pin = self._lost.known(payment_id)
        if pin is None and self._lost.look_up(first_attempt_id):
            answered = await find_answer(self._store, caller)
            if answered is not None:
                return answered
            payment = (await load(self._store, payment_id)).owned_by(caller.merchant_id).payment
            if isinstance(payment, Created):
                pin = await self._lost.find(payment_id, payment.terms, first_attempt_id)
        attempt_id = first_attempt_id if pin is None else pin.attempt_id

        def decide(payment: Payment, attempt_id: OperationId, now: datetime) -> tuple[PaymentEvent, ...]:
            return confirm(payment, self._first_attempt(payment_id, attempt_id, pin), pricing, now)

        return await self._start(Verb.CONFIRM, payment_id, caller, decide, operation_id=attempt_id)

    async def capture(
        self, payment_id: PaymentId, caller: Caller, *, amount_minor: int | None, final: bool
    ) -> Answered:
        """Take authorised money: `amount_minor` of the payment's currency, or all that is left. At a provider that
        takes one capture only, it is final whatever `final` says."""
        pricing = self._pricing_contexts.of(caller.merchant_id)

        def decide(payment: Payment, capture_id: OperationId, now: datetime) -> tuple[PaymentEvent, ...]:
            amount = _amount_of(payment, amount_minor)
            is_final = final or not self._operations.keeps_open(payment)
            command = CapturePayment(capture_id=capture_id, amount=amount, final=is_final)
            events = capture(payment, command, pricing, now)
            self._operations.require_countable(payment, events)
            return events

        return await self._start(Verb.CAPTURE, payment_id, caller, decide, amount_minor=amount_minor)

    async def void(self, payment_id: PaymentId, caller: Caller) -> Answered:
        """Release what is still authorised."""

        def decide(payment: Payment, void_id: OperationId, _now: datetime) -> tuple[PaymentEvent, ...]:
            return void(payment, VoidPayment(void_id=void_id))

        return await self._start(Verb.VOID, payment_id, caller, decide)

    async def refund(self, payment_id: PaymentId, caller: Caller, *, amount_minor: int | None, reason: str) -> Answered:
        """Give captured money back: `amount_minor` of the payment's currency, or all that is left."""

        pricing = self._pricing_contexts.of(caller.merchant_id)

        source = DebitSource.LOT

        def decide(payment: Payment, refund_id: OperationId, now: datetime) -> tuple[PaymentEvent, ...]:
            command = RefundPayment(refund_id=refund_id, amount=_amount_of(payment, amount_minor), reason=reason)
            events = refund(payment, command, pricing, now, source=source)
            self._operations.require_countable(payment, events)
            return events

        looked_for_unreleased = False

        async def take_from_next_source(loaded: LoadedPayment, broken: LimitBroken) -> None:
            nonlocal source, looked_for_unreleased
            following: DebitSource | None
            if is_lot(AccountCode(broken.account)):
                following = source.after
            else:
                # By the clock it has been released; by the books perhaps not.
                following = None if looked_for_unreleased else DebitSource.UNRELEASED
                looked_for_unreleased = True
            if following is None:
                await refuse(loaded, broken)
            else:
                source = following

        return await self._start(
            Verb.REFUND, payment_id, caller, decide, take_from_next_source, amount_minor=amount_minor
        )

    async def cancel(self, payment_id: PaymentId, caller: Caller, *, reason: str | None) -> Answered:
        """Give up a payment of which no money is reserved; its attempt, if any, is canceled at the provider first."""
        return await self._to_its_end(self._cancel(payment_id, caller, reason))

    async def _cancel(self, payment_id: PaymentId, caller: Caller, reason: str | None) -> Answered:
        answered = await find_answer(self._store, caller)
        if answered is not None:
            return answered
        loaded = (await load(self._store, payment_id)).owned_by(caller.merchant_id)
        # One that is refused leaves no claim, and a provider answers the same to the same id: each try has its own.
        # To cancel again has no other effect.
        cancel_id = self._ids.new_operation_id()
        canceled_attempt: OperationId | None = None
        if isinstance(loaded.payment, RequiresAction):
            cause = _caused_by(loaded, caller.cause)
            canceled_attempt = await cancel_at_provider(self._operations, loaded, cancel_id, cause)
            self._recent.forget(payment_id)

        def decide(payment: Payment, operation_id: OperationId, _now: datetime) -> tuple[PaymentEvent, ...]:
            return decide_cancellation(payment, reason, canceled_attempt, operation_id)

        return await self._start(Verb.CANCEL, payment_id, caller, decide, operation_id=cancel_id)

    async def proceed(self, payment_id: PaymentId, caller: Caller) -> LoadedPayment:
        """The payment, after asking the provider what its customer has done where it waits for one: for a merchant
        whose customer has come back before the provider's notification has. Asking again changes nothing."""
        loaded = (await load(self._store, payment_id)).owned_by(caller.merchant_id)
        if not isinstance(loaded.payment, RequiresAction):
            return loaded
        outcome = await self._operations.look_up(loaded)
        if outcome is None:
            return loaded
        operation_id = loaded.payment.attempt.attempt_id
        return await self._operations.record(loaded, operation_id, outcome, _caused_by(loaded, caller.cause))

    async def aclose(self) -> None:
        """Let every operation that is at a provider come home."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _start(
        self,
        verb: Verb,
        payment_id: PaymentId,
        caller: Caller,
        decide: Decision,
        limit_broken: Callable[[LoadedPayment, LimitBroken], Awaitable[None]] = refuse,
        *,
        operation_id: OperationId | None = None,
        amount_minor: int | None = None,
    ) -> Answered:
        """`limit_broken` returns where `decide` takes the money from elsewhere now; `amount_minor` is the amount asked
        for, where the merchant names one."""
        operation_id = operation_id or await self._ids.operation_id(caller, verb)
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
            after = loaded.after(events, now=now)
            in_flight = isinstance(after.payment, InFlight)
            answer = None if in_flight else self._answers(verb, operation_id, after, ())
            append = Append(
                events=loaded.record(events, cause=caller.cause, now=now),
                floors=floors_for(events, self._pricing_contexts.of(caller.merchant_id).terms.settlement),
                claim=caller.claim(verb, operation_id, payment_id, answer=answer, unresolved=in_flight),
            )
            return Proposal(append, lambda position: _Durable(after, answer, position))

        async def answered_before(_loaded: LoadedPayment, used: KeyUsed) -> Answered:
            return await answer_again(self._store, used.claim, caller)

        result: _Durable | Answered | DomainError = await decide_and_append(
            self._store, read, propose, limit_broken=limit_broken, key_used=answered_before, known=known
        )
        match result:
            case _Durable(loaded=loaded, answer=answer, position=position):
                if answer is None:
                    return await self._run(operation_id, verb, loaded, caller)
                self._recent.put(loaded)
                return Answered(status=answer.status, body=answer.body, position=position)
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

    async def _run(self, operation_id: OperationId, verb: Verb, loaded: LoadedPayment, caller: Caller) -> Answered:
        cause = _caused_by(loaded, caller.cause)
        started = StartedOperation(
            operation_id=operation_id,
            claim_id=operation_id,
            verb=verb,
            asked_at=self._now(),
            loaded=loaded,
            cause=cause,
        )
        return await self._to_its_end(self._run_and_recover(started))

    async def _to_its_end(self, command: Coroutine[None, None, Answered]) -> Answered:
        """A merchant that hangs up must not leave the operation half done, so it runs in a task of its own."""
        task = asyncio.create_task(command)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

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

    def _first_attempt(self, payment_id: PaymentId, attempt_id: OperationId, pin: Pin | None) -> NextAttempt:
        return NextAttempt(
            payment_id=payment_id,
            attempt_id=attempt_id,
            situation=self._routing.situation(),
            pinned_to=None if pin is None else pin.provider,
        )


def _amount_of(payment: Payment, amount_minor: int | None) -> Money | None:
    if amount_minor is None:
        return None
    return Money(amount_minor, terms_of(payment).amount.currency)


def _caused_by(loaded: LoadedPayment, cause: Cause) -> Cause:
    """What the provider's answer follows from: the last event of the payment, that the operation started."""
    return replace(cause, causation_id=f"{loaded.id}:{loaded.version}")
