"""The events of a dead letter, whose released names never change: a change is a new version."""

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
    """An operator had the work tried again; the next event tells the outcome."""


class DeadLetterResolved(Event, frozen=True, kw_only=True, tag="dead_letter.resolved.v1"):
    """The work was done after all, with this `outcome`."""

    outcome: str


class DeadLetterClosed(Event, frozen=True, kw_only=True, tag="dead_letter.closed.v1"):
    """An operator decided to end the work, for this `reason`."""

    reason: str


DeadLetterEvent = DeadLetterRecorded | DeadLetterRetried | DeadLetterResolved | DeadLetterClosed
