"""An operation at a provider: asked for once it is durable, and resolved when its outcome is unknown."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from application.dead_letter.sink import DeadLetterRecording
from application.payment.answers import Answers
from application.payment.loaded import LoadedPayment, load
from application.payment.lost_charges import LostCharges
from application.payment.operation_queue import OperationQueue, UnresolvedOperation
from application.payment.outcomes import Outcomes
from application.payment.provider_calls import ProviderCalls
from application.payment.started import StartedOperation
from application.provider.port import (
    Provider,
)
from application.provider.routing_port import Routing
from application.terms.policies import Policies
from application.terms.pricing_context import PricingContexts
from application.write.append import append_if_current
from application.write.caller import Answered
from application.write.store import (
    Append,
    EventStore,
    Verb,
)
from domain.history import Cause
from domain.identifiers import OperationId, ProviderName
from domain.payment.doubt import doubt
from domain.payment.operation import claim_id_of, operation_id_of, outcome_unknown
from domain.payment.outcome import (
    Declined,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from domain.payment.state import (
    InFlight,
    Processing,
    RequiresAction,
)


class Settled(NamedTuple):
    """The answer to the merchant, and the payment as the store has it now."""

    answered: Answered
    loaded: LoadedPayment

    @property
    def unresolved(self) -> bool:
        """Whether recovery still has to find the outcome."""
        return isinstance(self.loaded.payment, InFlight)


class Operations:
    """Takes started operations to their provider, and has their outcomes recorded."""

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
        letters: DeadLetterRecording,
        now: Callable[[], datetime],
        inflight_grace_s: float = 0.0,
        refusal_stands_after_s: float = 0.0,
    ) -> None:
        """`inflight_grace_s` is how long a further attempt is left to the process that started it. A look-up's no, or
        that the provider never saw the operation, is believed when it is said again `refusal_stands_after_s` later;
        where that is 0, at once."""
        self._store = store
        self._queue = queue
        self._policies = policies
        self._now = now
        self._inflight_grace = timedelta(seconds=inflight_grace_s)
        self._refusal_stands_after = timedelta(seconds=refusal_stands_after_s)
        self.calls = ProviderCalls(providers)
        self._outcomes = Outcomes(
            store=store,
            calls=self.calls,
            answers=answers,
            policies=policies,
            pricing_contexts=pricing_contexts,
            routing=routing,
            lost=lost,
            letters=letters,
            now=now,
        )

    async def run(self, started: StartedOperation) -> Settled:
        """Ask the provider, and the next provider where a refusal allows that, and record each outcome.

        Raises StoreUnavailable when an outcome cannot be made durable: the operation then stays unresolved, for
        recovery to find.
        """
        payment = started.loaded.payment
        assert isinstance(payment, InFlight)
        recorded = await self._outcomes.record(started, await self.calls.ask(payment, started.loaded.id))
        if recorded.starts_attempt:
            return await self.run(_following_attempt(started, recorded.loaded))
        answered = recorded.answered or await self._outcomes.answer(started, recorded.loaded)
        return Settled(answered, recorded.loaded)

    async def resolve(self, operation: UnresolvedOperation, cause: Cause) -> bool:
        """Look up an operation's outcome, or repeat the operation under its own id; True once the outcome is known.

        A repeat is safe because the provider knows the id: it answers again instead of acting again. The doubt is made
        durable before the repeat, so that the process that started the operation can no longer record that the
        operation never took effect. A refusal, or an operation never seen, is believed once the provider has said so
        twice. A repeat that could not be sent proves nothing about the first request, which may still arrive. An
        operation older than recovery's time is only looked up.
        """
        loaded = await load(self._store, operation.payment_id)
        payment = loaded.payment
        if not isinstance(payment, InFlight) or claim_id_of(payment) != operation.operation_id:
            return True
        if self._is_left_to_its_starter(payment):
            return False
        outcome = await self.calls.look_up(payment, loaded.id)
        asked_at = payment.attempt.started_at if isinstance(payment, Processing) else operation.claimed_at
        if not await self._is_believed(operation.operation_id, payment, outcome):
            if not self._is_too_old(payment, asked_at):
                return False
            # Where a provider keeps changing its answer, an operator has to ask.
            outcome = Unknown("the provider has said only once that it did not do it")
        if outcome is None and self._is_too_old(payment, asked_at):
            outcome = Unknown("the provider has not seen it, and it is too old to be asked for again")
        elif outcome is None:
            doubted = await self._outcome_unknown(loaded, payment, cause)
            if doubted is None:
                return False
            loaded = doubted
            outcome = await self.calls.ask_again(payment, loaded.id)
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
        recorded = await self._outcomes.record(started, outcome)
        if recorded.starts_attempt:
            return not (await self.run(_following_attempt(started, recorded.loaded))).unresolved
        if recorded.unresolved:
            if recorded.answered is None:
                # The process that asked died before it answered: the merchant is told that the outcome is unknown yet.
                await self._outcomes.answer(started, recorded.loaded)
            await self._mark_in_doubt(recorded.loaded, asked_at, cause)
        return not recorded.unresolved

    async def record(
        self, loaded: LoadedPayment, operation_id: OperationId, outcome: Outcome, cause: Cause, *, final: bool = False
    ) -> LoadedPayment:
        """Record an outcome that was not learned by asking, such as a notification's. Idempotent.

        A refusal that is `final` ends the payment: its source has not ruled out every charge elsewhere.
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
        recorded = await self._outcomes.record(started, outcome)
        if recorded.starts_attempt:
            return (await self.run(_following_attempt(started, recorded.loaded))).loaded
        return recorded.loaded

    def _is_left_to_its_starter(self, payment: InFlight) -> bool:
        """Whether a further attempt is so young that the process which started it may be asking the provider now."""
        return (
            isinstance(payment, Processing)
            and bool(payment.tried)
            and abs(self._now() - payment.attempt.started_at) < self._inflight_grace
        )

    async def _is_believed(self, claim_id: OperationId, payment: InFlight, found: Outcome | None) -> bool:
        """Whether the finding of a look-up counts. A provider that has just lost sight of a request may not see it yet,
        or be wrong about it: a refusal counts once it was said twice, some time apart."""
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

    async def _mark_in_doubt(self, loaded: LoadedPayment, asked_at: datetime, cause: Cause) -> None:
        """Record that the operation is in doubt, once the provider has been asked for long enough."""
        payment = loaded.payment
        assert isinstance(payment, InFlight)
        now = self._now()
        events = doubt(payment, self._policies.recovery, asked_at=asked_at, now=now)
        if events:
            await append_if_current(self._store, Append(events=loaded.record(events, cause=cause, now=now)))

    async def _outcome_unknown(self, loaded: LoadedPayment, payment: InFlight, cause: Cause) -> LoadedPayment | None:
        """The payment with the fact that its operation's outcome is unknown; None where another command was first."""
        events = outcome_unknown(payment, Unknown("the provider has not seen it so far"))
        if not events:
            return loaded
        now = self._now()
        append = Append(events=loaded.record(events, cause=cause, now=now))
        appended = await append_if_current(self._store, append)
        return None if appended is None else loaded.after(events, now=now)


def _following_attempt(started: StartedOperation, loaded: LoadedPayment) -> StartedOperation:
    """The next attempt of the same command, caused by the payment's last event."""
    assert isinstance(loaded.payment, Processing)
    return replace(
        started,
        operation_id=loaded.payment.attempt.attempt_id,
        asked_at=loaded.payment.attempt.started_at,
        loaded=loaded,
        cause=replace(started.cause, causation_id=f"{loaded.id}:{loaded.version}"),
    )
