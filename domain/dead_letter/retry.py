"""An operator may have the work of a dead letter tried again any number of times."""

from typing import assert_never

from domain.dead_letter.events import DeadLetterEvent, DeadLetterRetried
from domain.dead_letter.refusals import DeadLetterEnded
from domain.dead_letter.state import Closed, DeadLetter, Open, Resolved, Retrying, state_of


def retry(letter: DeadLetter) -> tuple[DeadLetterEvent, ...]:
    """Have the work tried again, also while a retry is under way: the process that was to do it may have died.
    Raises DeadLetterEnded."""
    match letter:
        case Open() | Retrying():
            return (DeadLetterRetried(),)
        case Resolved() | Closed():
            raise DeadLetterEnded(verb="retry", state=state_of(letter))
        case _:
            assert_never(letter)
