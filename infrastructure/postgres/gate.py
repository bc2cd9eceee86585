"""The gate of the store in Postgres, as the row of its identity has it."""

import asyncio
from typing import Final

from application.gate import StoreClosed
from application.refreshing import Refreshing
from application.store import StoreUnavailable
from infrastructure.postgres.identity import StoreIdentity, identity_of
from infrastructure.postgres.pool import ReadPool

REFRESH_EVERY_S: Final = 2.0


class StoreGate:
    """Implements application.gate.Gate for one process."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool
        self._identity: StoreIdentity | None = None
        self._open = asyncio.Event()
        self._refreshing = Refreshing(self.refresh, name="gate", every_s=REFRESH_EVERY_S)

    async def start(self) -> None:
        """Read once, and from then on every two seconds."""
        await self._refreshing.start()

    async def aclose(self) -> None:
        await self._refreshing.aclose()

    @property
    def closed(self) -> StoreClosed | None:
        identity = self._identity
        if identity is None:
            raise StoreUnavailable("it is not known yet whether the store is open")
        if identity.closed_at is None:
            return None
        return StoreClosed(since=identity.closed_at, because=identity.closed_because or "")

    def require_open(self) -> None:
        closed = self.closed
        if closed is not None:
            raise closed

    async def opened(self) -> None:
        await self._open.wait()

    async def refresh(self) -> None:
        """Raises StoreUnavailable."""
        async with self._pool.connection() as connection:
            self._identity = await identity_of(connection)
        if self._identity.closed_at is None:
            self._open.set()
        else:
            self._open.clear()
