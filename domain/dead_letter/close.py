"""An operator closes a dead letter for a reason that is recorded."""

from typing import assert_never

from domain.card_data import require_no_card_number
from domain.dead_letter.events import DeadLetterClosed, DeadLetterEvent
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dead_letter.state import Closed, DeadLetter, Open, Resolved, Retrying, state_of


def close(letter: DeadLetter, reason: str) -> tuple[DeadLetterEvent, ...]:
    """Raises DeadLetterEnded, CloseReasonMissing, CardDataRefused."""
    match letter:
        case Open() | Retrying():
            if not reason.strip():
                raise CloseReasonMissing()
            require_no_card_number("reason", reason)
            return (DeadLetterClosed(reason=reason.strip()),)
        case Resolved() | Closed():
            raise DeadLetterEnded(verb="close", state=state_of(letter))
        case _:
            assert_never(letter)
