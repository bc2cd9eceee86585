"""The deadline of a request: waits end early enough for the request to be answered with an error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ANSWERED_WITHIN_S: Final = 2.5
"""The time limit of a request, which leaves half a second to answer with an error."""


class Deadline:
    """A deadline that can be moved: time spent waiting for the sender or a provider does not count, and an answer that
    has begun lifts the deadline, also for background work of the request."""

    def __init__(self, within_s: float) -> None:
        self._at: float | None = time.monotonic() + within_s

    def left_s(self) -> float | None:
        """The seconds left: 0 once the deadline has passed, None once the deadline was lifted."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    def lift(self) -> None:
        self._at = None

    def put_off(self, by_s: float) -> None:
        if self._at is not None:
            self._at += by_s


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def answered_within(within_s: float) -> Iterator[Deadline]:
    """Set a deadline for the block, and for tasks that are created in it."""
    deadline = Deadline(within_s)
    before = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(before)


def left_s() -> float | None:
    """The seconds left for a wait that begins now: 0 once the deadline has passed, None where there is none."""
    deadline = _current.get()
    return None if deadline is None else deadline.left_s()


def at_most_s(most_s: float) -> float:
    """The seconds left, at most `most_s`."""
    left = left_s()
    return most_s if left is None else min(most_s, left)


@contextmanager
def not_counted() -> Iterator[None]:
    """Put the deadline off by the time spent in the block, which waits for a sender's body or a provider's answer."""
    deadline = _current.get()
    began = time.monotonic()
    try:
        yield
    finally:
        if deadline is not None:
            deadline.put_off(time.monotonic() - began)
