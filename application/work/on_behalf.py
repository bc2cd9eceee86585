"""The merchant or operator for whom the present task works, so that shared resources are divided fairly."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

ANYBODY: Final = "anybody"
"""The owner of requests that are not authenticated yet: one for all of them."""
_owner: ContextVar[Hashable | None] = ContextVar("owner", default=None)


def owner() -> Hashable | None:
    """The id of the merchant or operator, or ANYBODY; None for work of our own, which is not limited."""
    return _owner.get()


@contextmanager
def on_behalf_of(someone: Hashable) -> Iterator[None]:
    """Set the owner for the block, and for tasks that are created in it."""
    before = _owner.set(someone)
    try:
        yield
    finally:
        _owner.reset(before)
