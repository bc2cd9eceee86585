"""The refusals of commands on dead letters."""

from domain.dead_letter.state import DeadLetterState
from domain.errors import DomainError


class DeadLetterEnded(DomainError):
    """The letter is closed or resolved, so there is nothing to `verb`."""

    verb: str
    state: DeadLetterState


class CloseReasonMissing(DomainError):
    """A letter is closed only with a reason."""
