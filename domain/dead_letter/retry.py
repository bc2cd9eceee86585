"""An operator has it tried again, as often as it takes."""

from typing import assert_never

from domain.dead_letter.events import DeadLetterEvent, DeadLetterRetried
from domain.dead_letter.refusals import DeadLetterEnded
from domain.dead_letter.state import Closed, DeadLetter, Open, Resolved, Retrying, state_of


def retry(letter: DeadLetter) -> tuple[DeadLetterEvent, ...]:
    """One that is being retried can be retried again: the process that was to do it may have died.

    Raises DeadLetterEnded.
    """
    match letter:
        case Open() | Retrying():
            return (DeadLetterRetried(),)
        case Resolved() | Closed():
            raise DeadLetterEnded(verb="retry", state=state_of(letter))
        case _:
            assert_never(letter)
