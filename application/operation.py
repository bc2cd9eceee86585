"""An operation at a provider: asked once it is durable, settled in one append, resolved when its outcome is unknown."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, assert_never

from msgspec import Struct

from application.answers import Answers
from application.caller import Answered
from application.idempotency import answered_before
from application.loaded import LoadedPayment, load
from application.policies import Policies
from application.provider import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from application.store import (
    Append,
    Appended,
    EventStore,
    KeyUsed,
    LimitBroken,
    Settlement,
    UnresolvedOperation,
    Verb,
    VersionConflict,
)
from domain.errors import DomainError
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.capture import RecordCaptureOutcome, record_capture_outcome
from domain.payment.confirm import RecordAttemptOutcome, record_attempt_outcome
from domain.payment.events import PaymentEvent
from domain.payment.operation import operation_id_of, outcome_unknown
from domain.payment.outcome import Outcome, Unavailable, Unknown
from domain.payment.refund import RecordRefundOutcome, record_refund_outcome
from domain.payment.state import Capturing, InFlight, Payment, Processing, Refunding, Voiding
from domain.payment.void import RecordVoidOutcome, record_void_outcome

CONFLICTS_MAX = 10
"""How often a command is decided anew because another one got to its stream first."""


class TooManyConflicts(DomainError):
    """Other commands kept changing it first; nothing was done."""


class BalanceLimitBroken(DomainError):
    """The command would take an account below its floor; nothing was done."""

    account: str
    currency: str


class StartedOperation(Struct, frozen=True, kw_only=True):
    """An operation whose intent is durable, and the payment with it in flight."""

    operation_id: OperationId
    verb: Verb
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
    """The payment after its settlement, and the answer as it is stored; None when there is none yet."""

    loaded: LoadedPayment
    answered: Answered | None

    @property
    def unresolved(self) -> bool:
        return isinstance(self.loaded.payment, InFlight)


class Operations:
    """Takes started operations to their provider and brings their outcomes home."""

    def __init__(
        self,
        *,
        store: EventStore,
        providers: Mapping[ProviderName, Provider],
        answers: Answers,
        policies: Policies,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._providers = providers
        self._answers = answers
        self._policies = policies
        self._now = now

    async def run(self, started: StartedOperation) -> Settled:
        """Ask the provider and settle what it says. Raises StoreUnavailable when that cannot be made durable: the
        operation then stays unresolved, for recovery to find."""
        payment = started.loaded.payment
        assert isinstance(payment, InFlight)
        outcome = await self._ask(payment, started.loaded.id)
        settlement = await self._settle(started, outcome)
        answered = settlement.answered or await self._answer(started, settlement.loaded)
        return Settled(answered, settlement.loaded)

    async def resolve(self, operation: UnresolvedOperation, cause: Cause) -> bool:
        """Find out what became of an operation, or repeat it under its own id; True once its outcome is known.

        Repeating is safe because the provider knows the id: it answers again instead of acting again. Before that the
        doubt is made durable, so that whoever started the operation can no longer record that it never took effect.
        A repeat that could not be sent says nothing of the first time, which may still arrive.
        """
        loaded = await load(self._store, operation.payment_id)
        payment = loaded.payment
        if not isinstance(payment, InFlight) or operation_id_of(payment) != operation.operation_id:
            return True
        outcome = await self._providers[_provider_of(payment)].lookup(request_for(payment, loaded.id))
        if outcome is None:
            doubted = await self._in_doubt(loaded, payment, cause)
            if doubted is None:
                return False
            loaded = doubted
            outcome = await self._ask(payment, loaded.id)
        if isinstance(outcome, Unavailable):
            outcome = Unknown(outcome.reason)
        started = StartedOperation(operation_id=operation.operation_id, verb=operation.verb, loaded=loaded, cause=cause)
        return not (await self._settle(started, outcome)).unresolved

    async def _in_doubt(self, loaded: LoadedPayment, payment: InFlight, cause: Cause) -> LoadedPayment | None:
        """The payment with the fact that its operation's outcome is unknown; None when another command came first."""
        events = outcome_unknown(payment, Unknown("the provider has not seen it so far"))
        if not events:
            return loaded
        result = await self._store.append(Append(events=loaded.record(events, cause=cause, now=self._now())))
        return loaded.after(events) if isinstance(result, Appended) else None

    async def _ask(self, payment: InFlight, payment_id: PaymentId) -> Outcome:
        provider = self._providers[_provider_of(payment)]
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

    async def _settle(self, started: StartedOperation, outcome: Outcome) -> _Settlement:
        loaded = started.loaded
        for conflicts in range(CONFLICTS_MAX):
            now = self._now()
            events = self._decide(loaded.payment, started.operation_id, outcome)
            settled = loaded.after(events)
            if not events:
                return _Settlement(settled, await self._stored_answer(started))
            answer = self._answers(started.verb, started.operation_id, loaded, events)
            result = await self._store.append(
                Append(
                    events=loaded.record(events, cause=started.cause, now=now),
                    settlement=Settlement(
                        operation_id=started.operation_id,
                        answer=answer,
                        unresolved=isinstance(settled.payment, InFlight),
                    ),
                )
            )
            match result:
                case Appended() if conflicts:
                    # Who came first may have answered already, and the first answer stays.
                    return _Settlement(settled, await self._stored_answer(started))
                case Appended(position=position):
                    answered = Answered(status=answer.status, body=answer.body, position=position)
                    return _Settlement(settled, answered)
                case VersionConflict():
                    loaded = await load(self._store, loaded.id)
                case LimitBroken(account=account, currency=currency):
                    raise BalanceLimitBroken(account=account, currency=currency)
                case KeyUsed():
                    raise AssertionError("a settlement claims no key")
                case _:
                    assert_never(result)
        raise TooManyConflicts()

    async def _stored_answer(self, started: StartedOperation) -> Answered | None:
        claim = await self._store.claim_by_operation(started.operation_id)
        return None if claim is None or claim.answer is None else answered_before(claim)

    async def _answer(self, started: StartedOperation, loaded: LoadedPayment) -> Answered:
        """Answer a merchant to whom nothing has been said, although the payment has nothing to add."""
        answer = self._answers(started.verb, started.operation_id, loaded, ())
        unresolved = isinstance(loaded.payment, InFlight)
        settlement = Settlement(operation_id=started.operation_id, answer=answer, unresolved=unresolved)
        await self._store.append(Append(events=(), settlement=settlement))
        stored = await self._stored_answer(started)
        assert stored is not None
        return stored

    def _decide(self, payment: Payment, operation_id: OperationId, outcome: Outcome) -> tuple[PaymentEvent, ...]:
        match payment:
            case Capturing():
                return record_capture_outcome(
                    payment,
                    RecordCaptureOutcome(capture_id=operation_id, outcome=outcome, fees=self._policies.fees),
                )
            case Voiding():
                return record_void_outcome(payment, RecordVoidOutcome(void_id=operation_id, outcome=outcome))
            case Refunding():
                return record_refund_outcome(payment, RecordRefundOutcome(refund_id=operation_id, outcome=outcome))
            case _:
                command = RecordAttemptOutcome(
                    attempt_id=operation_id,
                    outcome=outcome,
                    fees=self._policies.fees,
                    window=self._policies.window,
                )
                return record_attempt_outcome(payment, command)


def request_for(payment: InFlight, payment_id: PaymentId) -> ProviderRequest:
    """What to ask of the provider for the operation in flight: always the same for the same operation."""
    match payment:
        case Processing(terms=terms, attempt=attempt):
            return AuthorizeRequest(
                operation_id=attempt.attempt_id,
                payment_id=payment_id,
                amount=attempt.amount,
                method=terms.method,
                capture=attempt.capture,
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


def _provider_of(payment: InFlight) -> ProviderName:
    match payment:
        case Processing(attempt=attempt):
            return attempt.provider
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return before.authorization.provider
