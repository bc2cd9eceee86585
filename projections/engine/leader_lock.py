"""Each checkpoint has one active projector among all workers, by a lease."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from projections.engine.checkpoint import SHARED


class Leases(Protocol):
    """Leases on tasks that one worker at a time may do."""

    def held(self, name: str) -> AbstractAsyncContextManager[None]:
        """Wait for the lease and hold it in the block; once the lease is lost, the block ends with an error."""
        ...


def turn_of(checkpoint: str) -> str:
    """The name of the lease of the projector of a view's checkpoint, or of the SHARED one."""
    return "projectors" if checkpoint == SHARED else f"projector {checkpoint}"
