"""A dead letter at each stage of its life, and how its events lead from one to the next."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID, uuid5

from msgspec import Struct

from domain.dead_letter.events import (
    DeadLetterClosed,
    DeadLetterEvent,
    DeadLetterKind,
    DeadLetterRecorded,
    DeadLetterResolved,
    DeadLetterRetried,
)
from domain.identifiers import DeadLetterId, PaymentId, ProviderName

_NAMESPACE: Final = UUID("6d1f0c3e-8f0a-5b64-9a55-0f4c1c7b9e21")


class DeadLetterSubject(Struct, frozen=True, kw_only=True):
    """The work that was given up, and the reason why it was given up last."""

    kind: DeadLetterKind
    subject: str
    payment_id: PaymentId | None
    provider: ProviderName | None
    reason: str


class Open(Struct, frozen=True, tag="open"):
    """The letter waits for an operator."""

    matter: DeadLetterSubject


class Retrying(Struct, frozen=True, tag="retrying"):
    """An operator had the work tried again, and the outcome is not known yet."""

    matter: DeadLetterSubject


class Resolved(Struct, frozen=True, tag="resolved"):
    matter: DeadLetterSubject
    outcome: str


class Closed(Struct, frozen=True, tag="closed"):
    matter: DeadLetterSubject
    reason: str


DeadLetter = Open | Retrying | Resolved | Closed


class DeadLetterState(StrEnum):
    """What an operator can look for."""

    OPEN = "open"
    RETRYING = "retrying"
    RESOLVED = "resolved"
    CLOSED = "closed"


def state_of(letter: DeadLetter) -> DeadLetterState:
    match letter:
        case Open():
            return DeadLetterState.OPEN
        case Retrying():
            return DeadLetterState.RETRYING
        case Resolved():
            return DeadLetterState.RESOLVED
        case Closed():
            return DeadLetterState.CLOSED
        case _:
            assert_never(letter)


def letter_id_for(kind: DeadLetterKind, subject: str) -> DeadLetterId:
    """The letter's stream: derived, so that the same subject is never two letters."""
    return DeadLetterId(uuid5(_NAMESPACE, f"{kind}:{subject}"))


def evolve(letter: DeadLetter | None, event: DeadLetterEvent) -> DeadLetter:
    """The letter after `event`. Refuses nothing: rules live in decisions."""
    match event:
        case DeadLetterRecorded():
            return Open(
                DeadLetterSubject(
                    kind=event.kind,
                    subject=event.subject,
                    payment_id=event.payment_id,
                    provider=event.provider,
                    reason=event.reason,
                )
            )
        case _:
            assert letter is not None, "a dead letter begins with its recording"
    match event:
        case DeadLetterRetried():
            return Retrying(letter.matter)
        case DeadLetterResolved(outcome=outcome):
            return Resolved(letter.matter, outcome)
        case DeadLetterClosed(reason=reason):
            return Closed(letter.matter, reason)
        case _:
            assert_never(event)


def fold(events: Iterable[DeadLetterEvent]) -> DeadLetter | None:
    """The letter as its events make it; None when there are none."""
    letter: DeadLetter | None = None
    for event in events:
        letter = evolve(letter, event)
    return letter
