"""Until when a request has to have its answer: what is waited for on its way is given up in time to say so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ANSWERED_WITHIN_S: Final = 2.5
"""Of a request, with half a second left to say that there is no answer."""


class Deadline:
    """A moment that can be moved: time that somebody else takes is not counted, and once an answer has begun there is
    no deadline any more, also for work that the request has left behind."""

    def __init__(self, within_s: float) -> None:
        self._at: float | None = time.monotonic() + within_s

    def left_s(self) -> float | None:
        """0 once it has passed; None once there is none."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    def lift(self) -> None:
        self._at = None

    def put_off(self, by_s: float) -> None:
        if self._at is not None:
            self._at += by_s


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def answered_within(within_s: float) -> Iterator[Deadline]:
    """A deadline for what is done inside, and in tasks that are created there."""
    deadline = Deadline(within_s)
    before = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(before)


def left_s() -> float | None:
    """The time left for whatever is to be waited for now: 0 once the deadline has passed, None where there is none."""
    deadline = _current.get()
    return None if deadline is None else deadline.left_s()


def at_most_s(most_s: float) -> float:
    """The same, and never more than `most_s`."""
    left = left_s()
    return most_s if left is None else min(most_s, left)


@contextmanager
def not_counted() -> Iterator[None]:
    """Put the deadline off by the time that is spent inside: a sender's with its body, a provider's with its answer."""
    deadline = _current.get()
    began = time.monotonic()
    try:
        yield
    finally:
        if deadline is not None:
            deadline.put_off(time.monotonic() - began)
