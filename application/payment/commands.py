"""The commands of a merchant on a payment, each decided on the payment's own history."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from application.payment.answers import Answers
from application.payment.cancellation import cancel_at_provider, decide_cancellation
from application.payment.execution import CommandExecution, caused_by
from application.payment.funding import FundingSearch
from application.payment.loaded import LoadedPayment, load
from application.payment.lost_charges import LostCharges
from application.payment.operation import Operations
from application.payment.orphans import Pin
from application.payment.recovery import Recovery
from application.provider.routing_port import Routing
from application.terms.pricing_context import PricingContexts
from application.write.caller import Answered, Caller
from application.write.command_ids import CommandIds
from application.write.idempotency import answer_again, find_answer
from application.write.recording import record_all
from application.write.store import (
    Append,
    Appended,
    EventStore,
    KeyUsed,
    LimitBroken,
    Verb,
    VersionConflict,
)
from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.capture import CapturePayment, capture
from domain.payment.confirm import NextAttempt, confirm
from domain.payment.create import CreatePayment, create
from domain.payment.debit import REFUND_FUNDING
from domain.payment.events import PaymentEvent
from domain.payment.evolve import evolve
from domain.payment.refund import RefundPayment, refund
from domain.payment.state import Created, Payment, RequiresAction, terms_of
from domain.payment.void import VoidPayment, void


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
        self._pricing_contexts = pricing_contexts
        self._routing = routing
        self._lost = lost
        self._now = now
        self._ids = ids
        self._execution = CommandExecution(
            store=store,
            operations=operations,
            recovery=recovery,
            answers=answers,
            pricing_contexts=pricing_contexts,
            now=now,
        )

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
        answer = self._execution.answer_to(Verb.CREATE, operation_id, loaded)
        result = await self._store.append(
            Append(
                events=record_all(payment_id, 0, events, merchant_id=caller.merchant_id, cause=caller.cause, now=now),
                claim=caller.claim(Verb.CREATE, operation_id, payment_id, answer=answer, unresolved=answer is None),
            )
        )
        match result:
            case Appended(position=position):
                return await self._execution.complete(Verb.CREATE, loaded, caller, operation_id, answer, position)
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

        return await self._execution.start(Verb.CONFIRM, payment_id, caller, decide, attempt_id)

    async def capture(
        self, payment_id: PaymentId, caller: Caller, *, amount_minor: int | None, final: bool
    ) -> Answered:
        """Take authorised money: `amount_minor` of the payment's currency, or all that is left. At a provider that
        takes one capture only, it is final whatever `final` says."""
        pricing = self._pricing_contexts.of(caller.merchant_id)

        def decide(payment: Payment, capture_id: OperationId, now: datetime) -> tuple[PaymentEvent, ...]:
            amount = _amount_of(payment, amount_minor)
            is_final = final or not self._operations.calls.keeps_open(payment)
            command = CapturePayment(capture_id=capture_id, amount=amount, final=is_final)
            events = capture(payment, command, pricing, now)
            self._operations.calls.require_countable(payment, events)
            return events

        capture_id = await self._ids.operation_id(caller, Verb.CAPTURE)
        return await self._execution.start(
            Verb.CAPTURE, payment_id, caller, decide, capture_id, amount_minor=amount_minor
        )

    async def void(self, payment_id: PaymentId, caller: Caller) -> Answered:
        """Release what is still authorised."""

        def decide(payment: Payment, void_id: OperationId, _now: datetime) -> tuple[PaymentEvent, ...]:
            return void(payment, VoidPayment(void_id=void_id))

        void_id = await self._ids.operation_id(caller, Verb.VOID)
        return await self._execution.start(Verb.VOID, payment_id, caller, decide, void_id)

    async def refund(self, payment_id: PaymentId, caller: Caller, *, amount_minor: int | None, reason: str) -> Answered:
        """Give captured money back: `amount_minor` of the payment's currency, or all that is left."""

        pricing = self._pricing_contexts.of(caller.merchant_id)

        search = FundingSearch(REFUND_FUNDING)

        def decide(payment: Payment, refund_id: OperationId, now: datetime) -> tuple[PaymentEvent, ...]:
            command = RefundPayment(refund_id=refund_id, amount=_amount_of(payment, amount_minor), reason=reason)
            events = refund(payment, command, pricing, now, source=search.funding.source)
            self._operations.calls.require_countable(payment, events)
            return events

        async def take_from_next_source(loaded: LoadedPayment, broken: LimitBroken) -> None:
            await search.try_next(loaded.merchant_id, broken)

        return await self._execution.start(
            Verb.REFUND,
            payment_id,
            caller,
            decide,
            await self._ids.operation_id(caller, Verb.REFUND),
            limit_broken=take_from_next_source,
            amount_minor=amount_minor,
        )

    async def cancel(self, payment_id: PaymentId, caller: Caller, *, reason: str | None) -> Answered:
        """Give up a payment of which no money is reserved; its attempt, if any, is canceled at the provider first."""
        return await self._execution.shielded(self._cancel(payment_id, caller, reason))

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
            cause = caused_by(loaded, caller.cause)
            canceled_attempt = await cancel_at_provider(self._operations, loaded, cancel_id, cause)
            self._execution.forget(payment_id)

        def decide(payment: Payment, operation_id: OperationId, _now: datetime) -> tuple[PaymentEvent, ...]:
            return decide_cancellation(payment, reason, canceled_attempt, operation_id)

        return await self._execution.start(Verb.CANCEL, payment_id, caller, decide, cancel_id)

    async def proceed(self, payment_id: PaymentId, caller: Caller) -> LoadedPayment:
        """The payment, after asking the provider what its customer has done where it waits for one: for a merchant
        whose customer has come back before the provider's notification has. Asking again changes nothing."""
        loaded = (await load(self._store, payment_id)).owned_by(caller.merchant_id)
        if not isinstance(loaded.payment, RequiresAction):
            return loaded
        outcome = await self._operations.calls.look_up(loaded.payment, loaded.id)
        if outcome is None:
            return loaded
        operation_id = loaded.payment.attempt.attempt_id
        return await self._operations.record(loaded, operation_id, outcome, caused_by(loaded, caller.cause))

    async def aclose(self) -> None:
        """Wait for every operation that is at a provider."""
        await self._execution.aclose()

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
