"""The port to a store's gate: a restored store takes no commands until it was reopened."""

from datetime import datetime
from typing import Protocol

from domain.errors import DomainError


class StoreClosed(DomainError):
    """The store was restored, and the operations of the time that it lost have not been asked for at providers yet."""

    since: datetime
    because: str


class Gate(Protocol):
    """The gate's state, from memory that is refreshed in the background: no command waits for it."""

    @property
    def closed(self) -> StoreClosed | None:
        """Since when and why the store is closed; None while it is open. Raises StoreUnavailable until the store has
        answered once."""
        ...

    def require_open(self) -> None:
        """Raises StoreClosed, StoreUnavailable."""
        ...

    async def opened(self) -> None:
        """Wait until the store is known to be open. Only a restore closes the store, while no process runs."""
        ...
