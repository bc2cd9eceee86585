"""The gate of the store, read from the row of its identity, with the pins and the reopening of a restored store."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from application.payment.orphans import Pin
from application.work.background_cache import Refreshing
from application.work.wakeups import FALLBACK_S, Wakeups
from application.write.gate import StoreClosed
from application.write.store import StoreUnavailable
from domain.identifiers import PaymentId
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.identity import StoreIdentity, identity_of
from infrastructure.postgres.restore.orphans import read_pins, read_reopened_at

_OPEN: Final = "UPDATE store_identity SET closed_at = NULL, closed_because = NULL"
REFRESH_EVERY_S: Final = 2.0


class StoreGate:
    """Implements application.write.gate.Gate and application.payment.orphans.Pins for one process."""

    def __init__(self, pool: ReadPool, wakeups: Wakeups | None = None) -> None:
        """`wakeups` are relied upon while the database is known to hold the same store."""
        self._pool = pool
        self._identity: StoreIdentity | None = None
        self._pins: Mapping[PaymentId, Pin] = {}
        self._reopened_at: datetime | None = None
        self._open = asyncio.Event()
        self._refreshing = Refreshing(
            self.refresh, name="gate", every_s=REFRESH_EVERY_S, wakeups=wakeups, fresh_for_s=self._fresh_for_s
        )

    async def start(self) -> None:
        """Read the gate now, and every two seconds from then on while the store is closed or has pins; a store that is
        open without pins stays so."""
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

    @property
    def store_id(self) -> UUID:
        """The id of this copy of the store. Raises StoreUnavailable until the first successful read."""
        if self._identity is None:
            raise StoreUnavailable("it is not known yet which store this is")
        return self._identity.store_id

    async def open(self) -> None:
        """Open the store for commands; every process notices within seconds. Raises StoreUnavailable."""
        async with self._pool.connection() as connection:
            await connection.execute(_OPEN)
        await self.refresh()

    def of(self, payment_id: PaymentId) -> Pin | None:
        return self._pins.get(payment_id)

    @property
    def reopened_at(self) -> datetime | None:
        return self._reopened_at

    def _fresh_for_s(self) -> float:
        # Only a restore closes a store or gives it pins, while no process runs.
        return FALLBACK_S if self._open.is_set() and not self._pins else 0.0

    async def refresh(self) -> None:
        """Read the gate, the pins and the time of reopening. Raises StoreUnavailable."""
        async with self._pool.connection() as connection:
            identity = await identity_of(connection)
            # Read after the identity: a store that is open has all of its pins.
            self._pins = await read_pins(connection)
            if identity != self._identity:
                self._reopened_at = await read_reopened_at(connection, identity.store_id)
        self._identity = identity
        if self._identity.closed_at is None:
            self._open.set()
        else:
            self._open.clear()
