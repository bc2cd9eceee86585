"""On whose behalf the work under way is done: what many share is shared fairly among them."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ANYBODY: Final = "anybody"
"""Senders whom nobody knows yet, all together."""
_owner: ContextVar[Hashable | None] = ContextVar("owner", default=None)


def owner() -> Hashable | None:
    """A merchant's or operator's id, or ANYBODY; None for work of our own, which has no bound."""
    return _owner.get()


@contextmanager
def on_behalf_of(someone: Hashable) -> Iterator[None]:
    """While this lasts, and for tasks that are created meanwhile."""
    before = _owner.set(someone)
    try:
        yield
    finally:
        _owner.reset(before)
