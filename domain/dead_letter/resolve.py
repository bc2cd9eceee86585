"""Work that was given up was done after all, by a retry or because a missing part has come."""

from typing import assert_never

from domain.dead_letter.events import DeadLetterEvent, DeadLetterResolved
from domain.dead_letter.state import Closed, DeadLetter, Open, Resolved, Retrying


def resolve(letter: DeadLetter | None, outcome: str) -> tuple[DeadLetterEvent, ...]:
    """End the letter with the outcome of its work; no event where there is no letter, or the letter has ended."""
    match letter:
        case Open() | Retrying():
            return (DeadLetterResolved(outcome=outcome),)
        case Resolved() | Closed() | None:
            return ()
        case _:
            assert_never(letter)
