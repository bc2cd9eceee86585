"""One projector a view over all workers."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Leases(Protocol):
    """Leases of what one worker does at a time."""

    def held(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait until no other worker has the lease, and have it inside; once it is lost, what runs there is ended by an
        error."""
        ...


def turn_of(view_name: str) -> str:
    """What the lease of the view's projector is called."""
    return f"projector {view_name}"
