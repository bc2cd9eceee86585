"""Everything that can happen to a dead letter. A released name is never edited: a change is a new version."""

from enum import StrEnum

from domain.event import Event
from domain.identifiers import PaymentId, ProviderName


class DeadLetterKind(StrEnum):
    """What could not be done."""

    WEBHOOK = "webhook"
    TIMER = "timer"
    COMMAND = "command"


class DeadLetterRecorded(Event, frozen=True, kw_only=True, tag="dead_letter.recorded.v1"):
    """`subject` names the delivery, timer or operation that was given up, and `reason` says why."""

    kind: DeadLetterKind
    subject: str
    payment_id: PaymentId | None
    provider: ProviderName | None
    reason: str


class DeadLetterRetried(Event, frozen=True, kw_only=True, tag="dead_letter.retried.v1"):
    """An operator had it tried again: what came of that is the next event."""


class DeadLetterResolved(Event, frozen=True, kw_only=True, tag="dead_letter.resolved.v1"):
    """It was done after all; `outcome` says what came of it."""

    outcome: str


class DeadLetterClosed(Event, frozen=True, kw_only=True, tag="dead_letter.closed.v1"):
    """An operator decided that nothing more is to be done, for this `reason`."""

    reason: str


DeadLetterEvent = DeadLetterRecorded | DeadLetterRetried | DeadLetterResolved | DeadLetterClosed
