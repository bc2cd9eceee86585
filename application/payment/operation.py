"""An operation at a provider: asked once it is durable, settled in one append, resolved when its outcome is unknown."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid5

from msgspec import Struct
from msgspec.structs import replace

from application.dead_letter.sink import DeadLetterSink
from application.payment.answers import Answers
from application.payment.contradiction import report_contradiction, report_mismatch
from application.payment.loaded import LoadedPayment, load
from application.payment.lost_charges import ChargeUncertain, LostCharges
from application.payment.operation_queue import OperationQueue, UnresolvedOperation
from application.payment.partial_approval import give_up_part
from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from application.provider.routing_port import Routing
from application.terms.policies import Policies
from application.terms.pricing_context import PricingContexts
from application.write.append import Proposal, Unchanged, decide_and_append, refuse, unreachable
from application.write.caller import Answered
from application.write.idempotency import answered_before
from application.write.store import (
    Append,
    Appended,
    EventStore,
    Settlement,
    Verb,
)
from domain.derivation import attempt_id_for
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.capture import RecordCaptureOutcome, record_capture_outcome
from domain.payment.confirm import NextAttempt, RecordAttemptOutcome, record_attempt_outcome
from domain.payment.doubt import doubt
from domain.payment.events import CaptureStarted, PaymentAttemptStarted, PaymentEvent, RefundStarted
from domain.payment.operation import operation_id_of, outcome_unknown
from domain.payment.outcome import (
    ApprovedInPart,
    Declined,
    Mismatched,
    Outcome,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.refund import RecordRefundOutcome, record_refund_outcome
from domain.payment.state import (
    Capturing,
    InFlight,
    Open,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Voiding,
    authorization_of,
)
from domain.payment.void import RecordVoidOutcome, record_void_outcome


class StartedOperation(Struct, frozen=True, kw_only=True):
    """An operation whose intent is durable, and the payment with it in flight.

    `claim_id` names the merchant's command that it serves: that of the first attempt, for the further ones too.
    `asked_at` is when the provider was asked first; None where that is not known.
    """

    operation_id: OperationId
    claim_id: OperationId
    verb: Verb
    asked_at: datetime | None
    ends: bool = False
    """Whether a refusal ends the payment although the policy may allow another attempt."""
    loaded: LoadedPayment
    cause: Cause


class Settled(NamedTuple):
    """What the merchant is told, and the payment as the store has it now."""

    answered: Answered
    loaded: LoadedPayment

    @property
    def unresolved(self) -> bool:
        """Whether recovery still has to find the outcome."""
        return isinstance(self.loaded.payment, InFlight)


class _Settlement(NamedTuple):
    """The payment after its settlement, and the answer as it is stored; None when there is none yet.

    `goes_on` when it was this settlement that started another attempt, which nobody else will therefore ask for.
    `contradicted_by` is an outcome that added nothing, and may contradict the one on record.
    """

    loaded: LoadedPayment
    answered: Answered | None
    goes_on: bool = False
    contradicted_by: Outcome | None = None

    @property
    def unresolved(self) -> bool:
        return isinstance(self.loaded.payment, InFlight)


class _Situation(NamedTuple):
    """The payment that an outcome is decided on, and the attempt that may follow the outcome."""

    loaded: LoadedPayment
    outcome: Outcome
    following: NextAttempt | None


class Operations:
    """Takes started operations to their provider and brings their outcomes home."""

    def __init__(
        self,
        *,
        store: EventStore,
        queue: OperationQueue,
        providers: Mapping[ProviderName, Provider],
        answers: Answers,
        policies: Policies,
        pricing_contexts: PricingContexts,
        routing: Routing,
        lost: LostCharges,
        letters: DeadLetterSink,
        now: Callable[[], datetime],
        inflight_grace_s: float = 0.0,
        refusal_stands_after_s: float = 0.0,
    ) -> None:
        """`inflight_grace_s` is how long a further attempt is left to the process that started it. A look-up's no, or
        that the provider never saw the operation, is believed when it is said again `refusal_stands_after_s` later;
        where that is 0, at once."""
        self._store = store
        self._queue = queue
        self._providers = providers
        self._answers = answers
        self._policies = policies
        self._pricing_contexts = pricing_contexts
        self._routing = routing
        self._lost = lost
        self._letters = letters
        self._now = now
        self._inflight_grace = timedelta(seconds=inflight_grace_s)
        self._refusal_stands_after = timedelta(seconds=refusal_stands_after_s)

    async def run(self, started: StartedOperation) -> Settled:
        """Ask the provider and settle what it says, and the next provider where that is allowed.

        Raises StoreUnavailable when an outcome cannot be made durable: the operation then stays unresolved, for
        recovery to find.
        """
        payment = started.loaded.payment
        assert isinstance(payment, InFlight)
        settlement = await self._settle(started, await self._ask(payment, started.loaded.id))
        if settlement.goes_on:
            return await self.run(_further(started, settlement.loaded))
        answered = settlement.answered or await self._answer(started, settlement.loaded)
        return Settled(answered, settlement.loaded)

    async def resolve(self, operation: UnresolvedOperation, cause: Cause) -> bool:
        """Find out what became of an operation, or repeat it under its own id; True once its outcome is known.

        Repeating is safe because the provider knows the id: it answers again instead of acting again. Before that the
        doubt is made durable, so that whoever started the operation can no longer record that it never took effect.
        Neither a no nor that the provider has not seen it is believed before it was said twice.
        A repeat that could not be sent says nothing of the first time, which may still arrive. What is older than
        recovery's time is only looked up.
        """
        loaded = await load(self._store, operation.payment_id)
        payment = loaded.payment
        if not isinstance(payment, InFlight) or claim_id_of(payment) != operation.operation_id:
            return True
        if self._is_in_other_hands(payment):
            return False
        outcome = await self._look_up(payment, loaded.id)
        asked_at = payment.attempt.started_at if isinstance(payment, Processing) else operation.claimed_at
        if not await self._stands(operation.operation_id, payment, outcome):
            if not self._is_too_old(payment, asked_at):
                return False
            # A provider that keeps changing its mind is an operator's to ask.
            outcome = Unknown("the provider has said only once that it did not do it")
        if outcome is None and self._is_too_old(payment, asked_at):
            outcome = Unknown("the provider has not seen it, and it is too old to be asked for again")
        elif outcome is None:
            doubted = await self._outcome_unknown(loaded, payment, cause)
            if doubted is None:
                return False
            loaded = doubted
            outcome = await self._ask_again(payment, loaded.id)
        if isinstance(outcome, Unavailable):
            outcome = Unknown(outcome.reason)
        started = StartedOperation(
            operation_id=operation_id_of(payment),
            claim_id=operation.operation_id,
            verb=operation.verb,
            asked_at=asked_at,
            loaded=loaded,
            cause=cause,
        )
        settlement = await self._settle(started, outcome)
        if settlement.goes_on:
            return not (await self.run(_further(started, settlement.loaded))).unresolved
        if settlement.unresolved:
            if settlement.answered is None:
                # Whoever asked died before anything could be said: the merchant is told that nothing is known yet.
                await self._answer(started, settlement.loaded)
            await self._hand_over(settlement.loaded, asked_at, cause)
        return not settlement.unresolved

    async def record(
        self, loaded: LoadedPayment, operation_id: OperationId, outcome: Outcome, cause: Cause, *, final: bool = False
    ) -> LoadedPayment:
        """Settle an outcome that was learned otherwise than by asking: the same way, and as often as one likes.

        A `final` one ends the payment where it is a refusal: whoever says so has not ruled out every charge.
        """
        payment = loaded.payment
        if not isinstance(payment, InFlight | RequiresAction):
            return loaded
        claim_id = claim_id_of(payment)
        claim = await self._store.claim_by_operation(claim_id)
        started = StartedOperation(
            operation_id=operation_id,
            claim_id=claim_id,
            verb=Verb.CONFIRM if claim is None else claim.verb,
            asked_at=payment.attempt.started_at if isinstance(payment, Processing) else None,
            ends=final,
            loaded=loaded,
            cause=cause,
        )
        settlement = await self._settle(started, outcome)
        if settlement.goes_on:
            return (await self.run(_further(started, settlement.loaded))).loaded
        return settlement.loaded

    def keeps_open(self, payment: Payment) -> bool:
        """Whether the provider of its authorisation lets further captures follow one that is not final. Where it does
        not, what is not captured at once is released there."""
        provider = self._providers.get(payment.authorization.provider) if isinstance(payment, Open) else None
        return provider is None or provider.capabilities.several_captures

    def require_countable(self, payment: Payment, events: Sequence[PaymentEvent]) -> None:
        """Refuse to start what the provider of the charge has no number for. Raises AmountNotCountable."""
        provider = self._providers.get(authorization_of(payment).provider)
        for event in events:
            if provider is not None and isinstance(event, CaptureStarted | RefundStarted):
                provider.capabilities.require_countable(event.amount)

    async def look_up(self, loaded: LoadedPayment) -> Outcome | None:
        """What the provider says now of the attempt whose customer has to act; None when it never saw it."""
        assert isinstance(loaded.payment, RequiresAction)
        return await self._look_up(loaded.payment, loaded.id)

    def cancellation_key(self, attempt_id: OperationId) -> OperationId:
        """The id under which an attempt whose customer did not act is canceled now.

        One for an hour, however often: a provider answers the same to the same id, and so would say no for ever where
        it once said so because the customer was about to act. To cancel again has no other effect.
        """
        return OperationId(uuid5(attempt_id, f"let go {self._now():%Y-%m-%dT%H}"))

    async def cancel_authorization(self, loaded: LoadedPayment, void_id: OperationId) -> Outcome:
        """Have the provider cancel the attempt whose customer did not act, under `void_id`."""
        payment = loaded.payment
        assert isinstance(payment, RequiresAction)
        attempt = payment.attempt
        request = VoidRequest(
            operation_id=void_id,
            payment_id=loaded.id,
            reference=payment.reference,
            amount=attempt.amount,
        )
        provider = self._providers.get(attempt.provider)
        return _absent(attempt.provider) if provider is None else await provider.void(request)

    def _is_in_other_hands(self, payment: InFlight) -> bool:
        """Whether a further attempt is so young that whoever started it may be asking the provider right now."""
        return (
            isinstance(payment, Processing)
            and bool(payment.tried)
            and abs(self._now() - payment.attempt.started_at) < self._inflight_grace
        )

    async def _stands(self, claim_id: OperationId, payment: InFlight, found: Outcome | None) -> bool:
        """Whether to believe what a look-up found. A provider that has just lost sight of a request may not see it yet,
        or be wrong about it: a no counts once it was said twice, some time apart."""
        match found:
            case None:
                said = "never seen"
            case Declined() | Rejected():
                said = "refused"
            case _:
                return True
        if not self._refusal_stands_after:
            return True
        now = self._now()
        since = await self._queue.said_since(claim_id, f"{operation_id_of(payment)}: {said}", now=now)
        return since is not None and now - since >= self._refusal_stands_after

    def _is_too_old(self, payment: InFlight, asked_at: datetime) -> bool:
        return payment.in_doubt or self._policies.recovery.has_run_out(asked_at=asked_at, now=self._now())

    async def _hand_over(self, loaded: LoadedPayment, asked_at: datetime, cause: Cause) -> None:
        """Once the provider has been asked long enough, the operation is in doubt, for an operator to see."""
        payment = loaded.payment
        assert isinstance(payment, InFlight)
        now = self._now()
        events = doubt(payment, self._policies.recovery, asked_at=asked_at, now=now)
        if events:
            await self._store.append(Append(events=loaded.record(events, cause=cause, now=now)))

    async def _outcome_unknown(self, loaded: LoadedPayment, payment: InFlight, cause: Cause) -> LoadedPayment | None:
        """The payment with the fact that its operation's outcome is unknown; None when another command came first."""
        events = outcome_unknown(payment, Unknown("the provider has not seen it so far"))
        if not events:
            return loaded
        now = self._now()
        result = await self._store.append(Append(events=loaded.record(events, cause=cause, now=now)))
        return loaded.after(events, now=now) if isinstance(result, Appended) else None

    async def _ask(self, payment: InFlight, payment_id: PaymentId) -> Outcome:
        name = provider_of(payment)
        provider = self._providers.get(name)
        if provider is None:
            return _absent(name)
        request = request_for(payment, payment_id)
        match request:
            case AuthorizeRequest():
                return await provider.authorize(request)
            case CaptureRequest():
                return await provider.capture(request)
            case VoidRequest():
                return await provider.void(request)
            case RefundRequest():
                return await provider.refund(request)

    async def _ask_again(self, payment: InFlight, payment_id: PaymentId) -> Outcome:
        """A no to the repeat may be because the first time arrived meanwhile, where the provider knows no keys: an
        order that is voided already cannot be voided. What became of the operation is then what it says of it now."""
        outcome = await self._ask(payment, payment_id)
        if not isinstance(outcome, Declined | Rejected):
            return outcome
        found = await self._look_up(payment, payment_id)
        return outcome if found is None else found

    async def _look_up(self, payment: InFlight | RequiresAction, payment_id: PaymentId) -> Outcome | None:
        name = provider_of(payment)
        provider = self._providers.get(name)
        return _absent(name) if provider is None else await provider.lookup(request_for(payment, payment_id))

    async def _settle(self, started: StartedOperation, outcome: Outcome) -> _Settlement:
        if isinstance(outcome, Mismatched) and not self._takes_parts(started.loaded.payment, outcome):
            started, outcome = await self._mismatched(started, outcome)
        payment_id = started.loaded.id

        async def read() -> _Situation:
            return await self._situation(await load(self._store, payment_id), started, outcome)

        def decide(situation: _Situation) -> Proposal[_Settlement] | Unchanged[_Settlement]:
            now = self._now()
            loaded, events = situation.loaded, self._decide(situation, started, now)
            settled = loaded.after(events, now=now)
            if not events:
                return Unchanged(_Settlement(settled, None, contradicted_by=situation.outcome))
            recorded = loaded.record(events, cause=started.cause, now=now, asked_at=started.asked_at)
            if isinstance(events[-1], PaymentAttemptStarted):
                append = Append(events=recorded, records_external_effect=True)
                return Proposal(append, lambda _: _Settlement(settled, None, goes_on=True))
            answer = self._answers(started.verb, started.operation_id, loaded, events)
            unresolved = isinstance(settled.payment, InFlight)
            settlement = Settlement(operation_id=started.claim_id, answer=answer, unresolved=unresolved)
            append = Append(events=recorded, settlement=settlement)
            if situation is not at_first:
                # Who came first may have answered already, and the first answer stays.
                return Proposal(append, lambda _: _Settlement(settled, None))

            def answered(position: int | None) -> _Settlement:
                return _Settlement(settled, Answered(status=answer.status, body=answer.body, position=position))

            return Proposal(append, answered)

        at_first = await self._situation(started.loaded, started, outcome)
        settlement = await decide_and_append(
            self._store, read, decide, limit_broken=refuse, key_used=unreachable, known=at_first
        )
        if settlement.contradicted_by is not None:
            await report_contradiction(
                self._store,
                self._letters,
                payment_id,
                started.operation_id,
                settlement.contradicted_by,
                started.cause,
                self._now(),
            )
        if settlement.answered is None and not settlement.goes_on:
            return settlement._replace(answered=await self._stored_answer(started))
        return settlement

    async def _situation(self, loaded: LoadedPayment, started: StartedOperation, outcome: Outcome) -> "_Situation":
        try:
            return _Situation(loaded, outcome, await self._next_attempt(loaded, started, outcome))
        except ChargeUncertain as uncertain:
            # Recovery asks again: until then no other provider may be asked.
            unknown = Unknown(f"{uncertain.provider} has not said whether it has a charge of the payment")
            return _Situation(loaded, unknown, None)

    async def _mismatched(self, started: StartedOperation, outcome: Mismatched) -> tuple[StartedOperation, Outcome]:
        """Report an answer that does not fit its request; have the provider give up what it approved in part."""
        loaded = started.loaded
        await report_mismatch(
            self._store, self._letters, loaded.id, started.operation_id, outcome, started.cause, self._now()
        )
        loaded = await load(self._store, loaded.id)
        started, payment = replace(started, loaded=loaded), loaded.payment
        if not isinstance(outcome, ApprovedInPart) or not isinstance(payment, Processing | RequiresAction):
            return started, outcome
        if payment.attempt.attempt_id != started.operation_id:
            return started, outcome
        request = request_for(payment, loaded.id)
        assert isinstance(request, AuthorizeRequest)
        return started, await give_up_part(self._providers[payment.attempt.provider], request, outcome)

    def _takes_parts(self, payment: Payment, outcome: Mismatched) -> bool:
        if not isinstance(outcome, ApprovedInPart) or not isinstance(payment, Processing | RequiresAction):
            return False
        return self._providers[payment.attempt.provider].capabilities.partial_approvals

    async def _stored_answer(self, started: StartedOperation) -> Answered | None:
        claim = await self._store.claim_by_operation(started.claim_id)
        return None if claim is None or claim.answer is None else answered_before(claim)

    async def _answer(self, started: StartedOperation, loaded: LoadedPayment) -> Answered:
        """Answer a merchant to whom nothing has been said, although the payment has nothing to add."""
        answer = self._answers(started.verb, started.operation_id, loaded, ())
        unresolved = isinstance(loaded.payment, InFlight)
        settlement = Settlement(operation_id=started.claim_id, answer=answer, unresolved=unresolved)
        await self._store.append(Append(events=(), settlement=settlement))
        stored = await self._stored_answer(started)
        assert stored is not None
        return stored

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


def claim_id_of(payment: InFlight | RequiresAction) -> OperationId:
    """The id of the merchant's command that the operation serves: the first attempt's, or the operation's own."""
    match payment:
        case Processing(tried=(first, *_)):
            return first.attempt_id
        case RequiresAction(attempt=attempt):
            return attempt.attempt_id
        case _:
            return operation_id_of(payment)


def _further(started: StartedOperation, loaded: LoadedPayment) -> StartedOperation:
    """The next attempt of the same command; what led to it is the payment's last event."""
    assert isinstance(loaded.payment, Processing)
    return replace(
        started,
        operation_id=loaded.payment.attempt.attempt_id,
        asked_at=loaded.payment.attempt.started_at,
        loaded=loaded,
        cause=replace(started.cause, causation_id=f"{loaded.id}:{loaded.version}"),
    )


def _absent(provider: ProviderName) -> Unknown:
    return Unknown(f"provider {provider} is not configured here")


def request_for(payment: InFlight | RequiresAction, payment_id: PaymentId) -> ProviderRequest:
    """What to ask of the provider for the operation in flight: always the same for the same operation."""
    match payment:
        case Processing(terms=terms, attempt=attempt) | RequiresAction(terms=terms, attempt=attempt):
            return AuthorizeRequest(
                operation_id=attempt.attempt_id,
                payment_id=payment_id,
                amount=attempt.amount,
                method=terms.method,
                capture=attempt.capture,
                return_url=terms.return_url,
                asked_at=attempt.started_at,
            )
        case Capturing(before=before, capture_id=capture_id, amount=amount, final=final):
            reference = before.authorization.reference
            return CaptureRequest(
                operation_id=capture_id, payment_id=payment_id, reference=reference, amount=amount, final=final
            )
        case Voiding(before=before, void_id=void_id):
            return VoidRequest(
                operation_id=void_id,
                payment_id=payment_id,
                reference=before.authorization.reference,
                amount=before.capturable,
            )
        case Refunding(before=before, refund_id=refund_id, amount=amount):
            return RefundRequest(
                operation_id=refund_id,
                payment_id=payment_id,
                reference=before.authorization.reference,
                amount=amount,
            )


def provider_of(payment: InFlight | RequiresAction) -> ProviderName:
    """Who is asked."""
    match payment:
        case Processing(attempt=attempt) | RequiresAction(attempt=attempt):
            return attempt.provider
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return before.authorization.provider
