"""The relay publishes the store's last position on the bus: when the store has grown, and at intervals when it has not.

Nothing depends on a single message: the next one follows, and a view without messages reads the store all the same.
"""

import asyncio
import logging
import time
from typing import Any

import psycopg

from domain.errors import described
from infrastructure.nats.bus import BUS_ERRORS, Bus
from infrastructure.nats.wakeup import Wakeup, encode, subject_of
from infrastructure.postgres.identity import identity_of

TELL_EVERY_S = 0.75
"""The longest silence of a relay that is well."""
PACE_S = 0.02
"""Messages leave at most this often: under load each stands for more events."""

_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"

log = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[Any]


class Relay:
    """One at a time over all workers, by a lease; two would do no harm."""

    def __init__(self, connection: Connection, bus: Bus) -> None:
        self._connection = connection
        self._bus = bus
        self._is_heard = True

    async def run(self) -> None:
        """Publish for ever. Raises psycopg.Error when the database goes away; NATS may be away, or hang."""
        await self._connection.execute("LISTEN stored_events")
        store_id = (await identity_of(self._connection)).store_id
        told, told_at = -1, float("-inf")
        while True:
            [(position,)] = await (await self._connection.execute(_SELECT_HEAD)).fetchall()
            if position != told or time.monotonic() - told_at >= TELL_EVERY_S:
                await self._tell(Wakeup(store_id, position))
                told, told_at = position, time.monotonic()
                await asyncio.sleep(PACE_S)
            await self._notified(within_s=told_at + TELL_EVERY_S - time.monotonic())

    async def _tell(self, wakeup: Wakeup) -> None:
        try:
            await self._bus.publish(subject_of(wakeup.store), encode(wakeup))
        except BUS_ERRORS as error:
            if self._is_heard:
                log.warning("relay_interrupted", extra={"error": described(error)})
            self._is_heard = False
        else:
            if not self._is_heard:
                log.info("relay_goes_on")
            self._is_heard = True

    async def _notified(self, *, within_s: float) -> None:
        """Wait until the store notifies of new events, but for `within_s` seconds at most."""
        async for _ in self._connection.notifies(timeout=max(0.0, within_s), stop_after=1):
            pass
