"""What was given up was done after all: by a retry, or because what was missing has come."""

from typing import assert_never

from domain.dead_letter.events import DeadLetterEvent, DeadLetterResolved
from domain.dead_letter.state import Closed, DeadLetter, Open, Resolved, Retrying


def resolve(letter: DeadLetter | None, outcome: str) -> tuple[DeadLetterEvent, ...]:
    """Nothing when there is no letter, or it has ended: this may be said as often as one likes."""
    match letter:
        case Open() | Retrying():
            return (DeadLetterResolved(outcome=outcome),)
        case Resolved() | Closed() | None:
            return ()
        case _:
            assert_never(letter)
