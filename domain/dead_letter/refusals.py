"""What an operator cannot do with a dead letter."""

from domain.dead_letter.state import DeadLetterState
from domain.errors import DomainError


class DeadLetterEnded(DomainError):
    """The letter is closed or resolved: there is nothing left to `verb`."""

    verb: str
    state: DeadLetterState


class CloseReasonMissing(DomainError):
    """Nobody closes a letter without saying why."""
