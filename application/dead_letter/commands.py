"""Dead letters: what was given up is recorded, and each thing an operator does about it is an event with its actor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast

from application.write.append import CONFLICTS_MAX, TooManyConflicts
from application.write.recording import record_all
from application.write.store import Append, Appended, EventStore
from domain.dead_letter.close import close
from domain.dead_letter.events import DeadLetterEvent, DeadLetterKind
from domain.dead_letter.record import record as record_letter
from domain.dead_letter.resolve import resolve
from domain.dead_letter.retry import retry
from domain.dead_letter.state import DeadLetter, DeadLetterSubject, fold, letter_id_for
from domain.errors import DomainError
from domain.history import Cause, Positioned, last_recorded_at, of_kind
from domain.identifiers import DeadLetterId, MerchantId, PaymentId, ProviderName

Decision = Callable[[DeadLetter | None], tuple[DeadLetterEvent, ...]]


class DeadLetterNotFound(DomainError):
    """There is no such dead letter."""


class NothingToRetryWith(DomainError):
    """This process has nothing that could do such a thing again."""

    kind: str


class Retrier(Protocol):
    """Has one kind of thing done again."""

    async def retry(self, subject: str, cause: Cause, /) -> str | None:
        """See to it that `subject` is tried again, soon; however often this is said. Raises StoreUnavailable.

        Where there is nothing left to do about it: what it came to.
        """
        ...


class DeadLetters:
    """Every method raises StoreUnavailable, and TooManyConflicts when others keep changing the letter first."""

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
        """Give `subject` up. `merchant_id` is that of the payment it concerns, else PLATFORM. One that is open
        already stays as it is."""
        matter = DeadLetterSubject(kind=kind, subject=subject, payment_id=payment_id, provider=provider, reason=reason)
        letter_id = letter_id_for(kind, subject)
        await self._decide(letter_id, lambda letter: record_letter(letter, matter), cause, merchant_id)

    async def retry(self, letter_id: DeadLetterId, cause: Cause) -> None:
        """Have it tried again. Raises DeadLetterNotFound, DeadLetterEnded, NothingToRetryWith."""
        letter = fold(_events(await self._store.history(letter_id)))
        if letter is None:
            raise DeadLetterNotFound()
        matter = letter.matter
        retrier = self._retriers.get(matter.kind)
        if retrier is None:
            raise NothingToRetryWith(kind=matter.kind)
        await self._decide(letter_id, lambda letter: retry(_known(letter)), cause)
        # After the event: nothing is done that nobody asked for. Where this fails, the letter can be retried again.
        outcome = await retrier.retry(matter.subject, cause)
        if outcome is not None:
            await self.resolved(kind=matter.kind, subject=matter.subject, outcome=outcome, cause=cause)

    async def close(self, letter_id: DeadLetterId, reason: str, cause: Cause) -> None:
        """Do nothing more about it. Raises DeadLetterNotFound, DeadLetterEnded, CloseReasonMissing, CardDataRefused."""
        await self._decide(letter_id, lambda letter: close(_known(letter), reason), cause)

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        """It was done after all. Nothing where there is no letter, or it has ended."""
        await self._decide(letter_id_for(kind, subject), lambda letter: resolve(letter, outcome), cause)

    async def _decide(
        self, letter_id: DeadLetterId, decide: Decision, cause: Cause, merchant_id: MerchantId | None = None
    ) -> None:
        for _ in range(CONFLICTS_MAX):
            history = await self._store.history(letter_id)
            events = decide(fold(_events(history)))
            if not events:
                return
            # A letter stays with the merchant it began with.
            owner = history[0].event.merchant_id if history else merchant_id
            assert owner is not None, "only a recording begins a letter"
            now = self._now()
            recorded = record_all(
                letter_id,
                len(history),
                events,
                merchant_id=owner,
                cause=cause,
                now=now,
                updated_at=last_recorded_at(history),
            )
            if isinstance(await self._store.append(Append(events=recorded)), Appended):
                return
        raise TooManyConflicts()


def _known(letter: DeadLetter | None) -> DeadLetter:
    if letter is None:
        raise DeadLetterNotFound()
    return letter


def _events(history: Sequence[Positioned]) -> Iterable[DeadLetterEvent]:
    """The facts of a dead letter's stream; none where it is another's."""
    return (cast("DeadLetterEvent", positioned.event.data) for positioned in of_kind(history, DeadLetterEvent))
