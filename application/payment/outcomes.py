"""An operation's outcome is recorded in one append with the merchant's answer, or with the attempt that follows."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from application.dead_letter.sink import DeadLetterRecording
from application.payment.answers import Answers
from application.payment.contradiction import Contradictions
from application.payment.loaded import LoadedPayment, load
from application.payment.lost_charges import ChargeUncertain, LostCharges
from application.payment.provider_calls import ProviderCalls
from application.payment.started import StartedOperation
from application.provider.routing_port import Routing
from application.terms.policies import Policies
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, append_if_current, decide_and_append, refuse, unreachable
from application.write.caller import Answered
from application.write.idempotency import answered_before
from application.write.store import Append, EventStore, Settlement
from domain.derivation import attempt_id_for
from domain.payment.capture import RecordCaptureOutcome, record_capture_outcome
from domain.payment.confirm import NextAttempt, RecordAttemptOutcome, record_attempt_outcome
from domain.payment.events import PaymentAttemptStarted, PaymentEvent
from domain.payment.operation import claim_id_of
from domain.payment.outcome import ApprovedInPart, Declined, Mismatched, Outcome, Refusal, Rejected, Unknown
from domain.payment.refund import RecordRefundOutcome, record_refund_outcome
from domain.payment.state import Capturing, InFlight, Processing, Refunding, RequiresAction, Voiding
from domain.payment.void import RecordVoidOutcome, record_void_outcome


class RecordedOutcome(NamedTuple):
    """The payment with the outcome, and the answer that the store has for the merchant; None while there is none.

    `starts_attempt` says that this append started another attempt, which nobody else will therefore ask for.
    `contradicted_by` is an outcome that added nothing, and may contradict the one on record.
    """

    loaded: LoadedPayment
    answered: Answered | None
    starts_attempt: bool = False
    contradicted_by: Outcome | None = None

    @property
    def unresolved(self) -> bool:
        return isinstance(self.loaded.payment, InFlight)


class _Situation(NamedTuple):
    """The payment that an outcome is decided on, and the attempt that may follow the outcome."""

    loaded: LoadedPayment
    outcome: Outcome
    following: NextAttempt | None


class Outcomes:
    """Each method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        store: EventStore,
        calls: ProviderCalls,
        answers: Answers,
        policies: Policies,
        pricing_contexts: PricingContexts,
        routing: Routing,
        lost: LostCharges,
        letters: DeadLetterRecording,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._calls = calls
        self._answers = answers
        self._policies = policies
        self._pricing_contexts = pricing_contexts
        self._routing = routing
        self._lost = lost
        self._contradictions = Contradictions(store=store, letters=letters, now=now)
        self._now = now

    async def record(self, started: StartedOperation, outcome: Outcome) -> RecordedOutcome:
        """Record `outcome`, as often as it is learned. Raises TooManyConflicts, BalanceLimitBroken too."""
        if isinstance(outcome, Mismatched) and not self._calls.takes_parts(started.loaded.payment, outcome):
            started, outcome = await self._mismatched(started, outcome)
        payment_id = started.loaded.id
        at_first = await self._situation(started.loaded, started, outcome)

        async def read() -> _Situation:
            return await self._situation(await load(self._store, payment_id), started, outcome)

        def propose(situation: _Situation) -> Proposal[RecordedOutcome] | Unchanged[RecordedOutcome]:
            return self._proposal(situation, started, is_first=situation is at_first)

        recorded = await decide_and_append(
            self._store, read, propose, limit_broken=refuse, key_used=unreachable, known=at_first
        )
        if recorded.contradicted_by is not None:
            await self._contradictions.report(payment_id, started.operation_id, recorded.contradicted_by, started.cause)
        if recorded.answered is None and not recorded.starts_attempt:
            return recorded._replace(answered=await self._stored_answer(started))
        return recorded

    async def answer(self, started: StartedOperation, loaded: LoadedPayment) -> Answered:
        """The stored answer to a merchant, which is worded now where none was: the payment has nothing to add."""
        answer = self._answers(started.verb, started.operation_id, loaded, ())
        unresolved = isinstance(loaded.payment, InFlight)
        settlement = Settlement(operation_id=started.claim_id, answer=answer, unresolved=unresolved)
        await append_if_current(self._store, Append(events=(), settlement=settlement))
        stored = await self._stored_answer(started)
        assert stored is not None
        return stored

    def _proposal(
        self, situation: _Situation, started: StartedOperation, *, is_first: bool
    ) -> Proposal[RecordedOutcome] | Unchanged[RecordedOutcome]:
        now = self._now()
        loaded, events = situation.loaded, self._decide(situation, started, now)
        after = loaded.after(events, now=now)
        if not events:
            return Unchanged(RecordedOutcome(after, None, contradicted_by=situation.outcome))
        recorded = loaded.record(events, cause=started.cause, now=now, asked_at=started.asked_at)
        if isinstance(events[-1], PaymentAttemptStarted):
            append = Append(events=recorded, records_external_effect=True)
            return Proposal(append, lambda _: RecordedOutcome(after, None, starts_attempt=True))
        answer = self._answers(started.verb, started.operation_id, loaded, events)
        unresolved = isinstance(after.payment, InFlight)
        settlement = Settlement(operation_id=started.claim_id, answer=answer, unresolved=unresolved)

        def result(position: int | None) -> RecordedOutcome:
            answered = Answered(status=answer.status, body=answer.body, position=position)
            # Where another command came first, it may have answered already, and the first answer stays.
            return RecordedOutcome(after, answered if is_first else None)

        return Proposal(Append(events=recorded, settlement=settlement), result)

    async def _situation(self, loaded: LoadedPayment, started: StartedOperation, outcome: Outcome) -> _Situation:
        try:
            return _Situation(loaded, outcome, await self._next_attempt(loaded, started, outcome))
        except ChargeUncertain as uncertain:
            # Recovery asks again: until then no other provider may be asked.
            unknown = Unknown(f"{uncertain.provider} has not said whether it has a charge of the payment")
            return _Situation(loaded, unknown, None)

    async def _mismatched(self, started: StartedOperation, outcome: Mismatched) -> tuple[StartedOperation, Outcome]:
        """Report an answer that does not fit its request; have the provider give up what it approved in part."""
        payment_id, operation_id = started.loaded.id, started.operation_id
        await self._contradictions.report_mismatch(payment_id, operation_id, outcome, started.cause)
        started = replace(started, loaded=await load(self._store, payment_id))
        payment = started.loaded.payment
        if not isinstance(outcome, ApprovedInPart) or not isinstance(payment, Processing | RequiresAction):
            return started, outcome
        if payment.attempt.attempt_id != operation_id:
            return started, outcome
        return started, await self._calls.give_up_part(payment, payment_id, outcome)

    async def _stored_answer(self, started: StartedOperation) -> Answered | None:
        claim = await self._store.claim_by_operation(started.claim_id)
        return None if claim is None or claim.answer is None else answered_before(claim)

    def _decide(self, situation: _Situation, started: StartedOperation, now: datetime) -> tuple[PaymentEvent, ...]:
        loaded, outcome, following = situation
        payment, operation_id = loaded.payment, started.operation_id
        match payment:
            case Capturing():
                pricing = self._pricing_contexts.of(loaded.merchant_id)
                captured = RecordCaptureOutcome(capture_id=operation_id, outcome=outcome, pricing=pricing)
                return record_capture_outcome(payment, captured, now)
            case Voiding():
                return record_void_outcome(payment, RecordVoidOutcome(void_id=operation_id, outcome=outcome))
            case Refunding():
                refunded = RecordRefundOutcome(refund_id=operation_id, outcome=outcome)
                return record_refund_outcome(payment, refunded, now)
            case _:
                command = RecordAttemptOutcome(
                    attempt_id=operation_id,
                    outcome=outcome,
                    pricing=self._pricing_contexts.of(loaded.merchant_id),
                    window=self._policies.window,
                    action_window=self._policies.action_window,
                    next=following,
                )
                return record_attempt_outcome(payment, command, now)

    async def _next_attempt(
        self, loaded: LoadedPayment, started: StartedOperation, outcome: Outcome
    ) -> NextAttempt | None:
        """The attempt that may follow a refusal. Raises ChargeUncertain, also where the provider that was out of reach
        has this very attempt from before a restore."""
        payment = loaded.payment
        if started.ends or not isinstance(payment, Processing) or not isinstance(outcome, Refusal):
            return None
        made = (*(one.attempt_id for one in payment.tried), payment.attempt.attempt_id)
        first_attempt_id = claim_id_of(payment)
        refused = made if isinstance(outcome, Declined | Rejected) else made[:-1]
        pin = self._lost.known(loaded.id)
        if pin is not None and pin.attempt_id in refused:
            pin = None
        if pin is None and self._lost.look_up(first_attempt_id):
            pin = await self._lost.find(loaded.id, payment.terms, first_attempt_id, refused=len(refused))
        if pin is not None and pin.attempt_id in made:
            raise ChargeUncertain(provider=pin.provider)
        return NextAttempt(
            payment_id=loaded.id,
            attempt_id=attempt_id_for(first_attempt_id, len(made) + 1) if pin is None else pin.attempt_id,
            situation=self._routing.situation(),
            pinned_to=None if pin is None else pin.provider,
        )
