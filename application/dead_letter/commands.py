"""Dead letters record what workers gave up, and each operator's action on one is an event with its actor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast

from application.write.append import Proposal, Unchanged, decide_and_append, unreachable
from application.write.recording import record_all
from application.write.store import Append, EventStore
from domain.dead_letter.close import close
from domain.dead_letter.events import DeadLetterEvent, DeadLetterKind
from domain.dead_letter.record import record as record_letter
from domain.dead_letter.resolve import resolve
from domain.dead_letter.retry import retry
from domain.dead_letter.state import DeadLetter, DeadLetterSubject, fold, letter_id_for
from domain.errors import DomainError
from domain.history import Cause, Positioned, Recorded, last_recorded_at, of_kind
from domain.identifiers import DeadLetterId, MerchantId, PaymentId, ProviderName

Decision = Callable[[DeadLetter | None], tuple[DeadLetterEvent, ...]]


class DeadLetterNotFound(DomainError):
    """There is no such dead letter."""


class NothingToRetryWith(DomainError):
    """This process has no Retrier for the dead letter's kind."""

    kind: str


class Retrier(Protocol):
    """Repeats the work of one kind of dead letter."""

    async def retry(self, subject: str, cause: Cause, /) -> str | None:
        """Have the work on `subject` tried again soon; idempotent. Raises StoreUnavailable.

        The result is None, or the outcome of the work where nothing is left to do.
        """
        ...


class DeadLetters:
    """Every method raises StoreUnavailable, and TooManyConflicts where others keep changing the letter first."""

    def __init__(
        self, *, store: EventStore, retriers: Mapping[DeadLetterKind, Retrier], now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._retriers = retriers
        self._now = now

    async def record(
        self,
        *,
        kind: DeadLetterKind,
        subject: str,
        merchant_id: MerchantId,
        payment_id: PaymentId | None,
        provider: ProviderName | None,
        reason: str,
        cause: Cause,
    ) -> None:
        """Record that work on `subject` was given up. `merchant_id` is that of the payment concerned, else PLATFORM. A
        letter that is open already stays unchanged."""
        given_up = DeadLetterSubject(
            kind=kind, subject=subject, payment_id=payment_id, provider=provider, reason=reason
        )
        letter_id = letter_id_for(kind, subject)
        await self._decide(letter_id, lambda letter: record_letter(letter, given_up), cause, merchant_id)

    async def recording(
        self, subject: DeadLetterSubject, *, merchant_id: MerchantId, cause: Cause
    ) -> tuple[Recorded, ...]:
        """The events that `record` would append, for an append that also has the fact behind them."""
        letter_id = letter_id_for(subject.kind, subject.subject)
        history = await self._store.history(letter_id)
        return self._recorded(letter_id, history, lambda letter: record_letter(letter, subject), cause, merchant_id)

    async def retry(self, letter_id: DeadLetterId, cause: Cause) -> None:
        """Have the work tried again. Raises DeadLetterNotFound, DeadLetterEnded, NothingToRetryWith."""
        letter = fold(_events(await self._store.history(letter_id)))
        if letter is None:
            raise DeadLetterNotFound()
        given_up = letter.matter
        retrier = self._retriers.get(given_up.kind)
        if retrier is None:
            raise NothingToRetryWith(kind=given_up.kind)
        await self._decide(letter_id, lambda letter: retry(_known(letter)), cause)
        # After the event, so that no work is repeated unrecorded. Where this fails, the letter can be retried again.
        outcome = await retrier.retry(given_up.subject, cause)
        if outcome is not None:
            await self.resolved(kind=given_up.kind, subject=given_up.subject, outcome=outcome, cause=cause)

    async def close(self, letter_id: DeadLetterId, reason: str, cause: Cause) -> None:
        """End the letter without further work. Raises DeadLetterNotFound, DeadLetterEnded, CloseReasonMissing,
        CardDataRefused."""
        await self._decide(letter_id, lambda letter: close(_known(letter), reason), cause)

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        """Record that the work was done after all; no effect where there is no letter, or the letter has ended."""
        await self._decide(letter_id_for(kind, subject), lambda letter: resolve(letter, outcome), cause)

    async def _decide(
        self, letter_id: DeadLetterId, decide: Decision, cause: Cause, merchant_id: MerchantId | None = None
    ) -> None:
        def propose(history: Sequence[Positioned]) -> Proposal[None] | Unchanged[None]:
            recorded = self._recorded(letter_id, history, decide, cause, merchant_id)
            if not recorded:
                return Unchanged(None)
            return Proposal(Append(events=recorded), lambda _position: None)

        await decide_and_append(
            self._store,
            lambda: self._store.history(letter_id),
            propose,
            limit_broken=unreachable,
            key_used=unreachable,
        )

    def _recorded(
        self,
        letter_id: DeadLetterId,
        history: Sequence[Positioned],
        decide: Decision,
        cause: Cause,
        merchant_id: MerchantId | None,
    ) -> tuple[Recorded, ...]:
        events = decide(fold(_events(history)))
        if not events:
            return ()
        # A letter stays with the merchant of its first event.
        owner = history[0].event.merchant_id if history else merchant_id
        assert owner is not None, "only a recording begins a letter"
        return record_all(
            letter_id,
            len(history),
            events,
            merchant_id=owner,
            cause=cause,
            now=self._now(),
            updated_at=last_recorded_at(history),
        )


def _known(letter: DeadLetter | None) -> DeadLetter:
    if letter is None:
        raise DeadLetterNotFound()
    return letter


def _events(history: Sequence[Positioned]) -> Iterable[DeadLetterEvent]:
    """The events of a dead letter's stream; none where the stream is of another kind."""
    return (cast("DeadLetterEvent", positioned.event.data) for positioned in of_kind(history, DeadLetterEvent))
