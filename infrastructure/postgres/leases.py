"""A task that one worker at a time may do is held under a lease, and another worker takes over an expired lease."""

# One statement a second renews all leases of a worker, and finds the workers that are gone. A worker that dies or hangs
# does not renew its leases, and a holder that could not renew in time stops by itself. A process that was suspended
# continues for a moment when it wakes, so each effect of a holder has to be conditional on the state that the holder
# has read. The same session hears the notifications of queues: its statements show that it is alive.

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import psycopg

from infrastructure.postgres.connection.connecting import named
from infrastructure.postgres.connection.session import Session
from infrastructure.postgres.queued import CHANNEL, Queue, queue_wakeups

APPLICATION: Final = "tallystick leases"
LEASE_S: Final = 3.5
RENEW_EVERY_S: Final = 1.0
"""The pause between renewals: with LEASE_S at most five seconds pass until another worker has taken over."""
HOLDERS_LEASE_S: Final = 3.0
"""The time for which a holder relies on its lease, from before the renewal was sent."""
ANSWERS_WITHIN_S: Final = 1.5

_LISTEN: Final = f"LISTEN {CHANNEL}"
# The leases that are this worker's now, and the own leases of workers that are gone. Ordered, so that two workers
# cannot deadlock.
_TAKE_OR_RENEW = """
WITH renewed AS (
    INSERT INTO worker_lease AS lease (name, holder, session, expires_at)
    SELECT name, %(worker)s, pg_backend_pid(), clock_timestamp() + %(lease_s)s * interval '1 second'
    FROM unnest(%(names)s::text[]) AS wanted (name) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder, session = excluded.session, expires_at = excluded.expires_at
    WHERE lease.holder = excluded.holder OR lease.expires_at <= clock_timestamp()
        OR NOT EXISTS (
            SELECT FROM pg_stat_activity AS s WHERE s.pid = lease.session AND s.application_name = %(application)s
        )
    RETURNING lease.name, lease.holder
)
SELECT name, holder FROM renewed
UNION ALL
SELECT name, holder FROM worker_lease AS lease
WHERE name = 'worker ' || holder AND holder <> %(worker)s AND (
    expires_at <= clock_timestamp()
    OR NOT EXISTS (
        SELECT FROM pg_stat_activity AS s WHERE s.pid = lease.session AND s.application_name = %(application)s
    )
)
"""
_GIVE_UP = "DELETE FROM worker_lease WHERE name = %s AND holder = %s"
# Items that were put back with a pause have no `taken_by` or no `asked_until`: they keep their pauses.
_FREE: Final = (
    """
    UPDATE operation_claim SET asked_until = NULL, next_try_at = clock_timestamp(), taken_by = NULL
    WHERE unresolved AND asked_until IS NOT NULL AND taken_by = %s
    """,
    """
    UPDATE timer_try SET next_try_at = clock_timestamp(), taken_by = NULL
    WHERE next_try_at IS NOT NULL AND taken_by = %s
    """,
    """
    UPDATE webhook_delivery SET next_try_at = clock_timestamp(), taken_by = NULL
    WHERE state = 'waiting' AND taken_by = %s
    """,
)

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """The lease was not renewed in time: another worker has it, or may have it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease {name!r} was lost")


class LeaseSession(Session):
    answers_within_s = ANSWERS_WITHIN_S


class _Wanted:
    """A lease that a task of this process waits for or holds."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.until = 0.0
        """The end of the lease by the event loop's clock, in seconds."""
        self.limit: asyncio.Timeout | None = None

    def renewed(self, until: float) -> None:
        self.until = until
        self.taken.set()
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(until)

    def lost(self) -> None:
        self.taken.clear()
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time())


class Leases:
    """The leases of one worker. Leases are acquired and renewed only while `renew` runs."""

    def __init__(self, database_url: str) -> None:
        self._session = named(database_url, name=APPLICATION)
        self.worker = str(uuid4())
        self._own = f"worker {self.worker}"
        """The lease that shows that the worker is alive: while it is renewed, no other worker frees the worker's queue
        items."""
        self._wanted: dict[str, _Wanted] = {}
        self._changed = asyncio.Event()
        self._given_up: list[str] = []
        self.queued = queue_wakeups()
        """Relied upon while `renew` has its session."""

    async def renew(self) -> None:
        """Renew this worker's leases, and acquire wanted leases that are free, until cancelled.

        Raises psycopg.OperationalError.
        """
        async with await LeaseSession.connect(self._session, autocommit=True) as session:
            try:
                await session.execute(_LISTEN)
                for wakeups in self.queued.values():
                    wakeups.rely()
                while True:
                    self._changed.clear()
                    await self._round(session)
                    await self._until_changed(session)
            finally:
                for wakeups in self.queued.values():
                    wakeups.distrust()

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """Wait for the lease and hold it in the block. Once the lease is lost, the block is cancelled and LeaseLost
        raised."""
        assert name not in self._wanted, f"the lease {name!r} is this worker's already"
        wanted = self._wanted[name] = _Wanted()
        self._changed.set()
        try:
            await wanted.taken.wait()
            async with asyncio.timeout_at(wanted.until) as wanted.limit:
                yield
        except TimeoutError:
            if wanted.limit is not None and wanted.limit.expired():
                raise LeaseLost(name) from None
            raise
        finally:
            del self._wanted[name]
            self._given_up.append(name)
            self._changed.set()

    async def _round(self, session: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        while self._given_up:
            await session.execute(_GIVE_UP, (self._given_up[0], self.worker))
            del self._given_up[0]
        asked_for = dict(self._wanted)
        until = asyncio.get_running_loop().time() + HOLDERS_LEASE_S
        parameters = {
            "worker": self.worker,
            "lease_s": LEASE_S,
            "names": [self._own, *asked_for],
            "application": APPLICATION,
        }
        rows = await (await session.execute(_TAKE_OR_RENEW, parameters, prepare=True)).fetchall()
        ours = {name for name, holder in rows if holder == self.worker}
        for name, wanted in asked_for.items():
            if name in ours:
                wanted.renewed(until)
            elif wanted.taken.is_set():
                log.warning("lease_lost", extra={"lease": name})
                wanted.lost()
        for lease, holder in rows:
            if holder != self.worker:
                await self._free_what_was_left(session, str(lease), str(holder))

    async def _free_what_was_left(
        self, session: psycopg.AsyncConnection[tuple[object, ...]], name: str, worker: str
    ) -> None:
        """Free the queue items of a worker that is gone or hangs at once, before the items' own leases end."""
        log.warning("worker_gone", extra={"worker": worker})
        for statement in _FREE:
            await session.execute(statement, (worker,))
        await session.execute(_GIVE_UP, (name, worker))
        for wakeups in self.queued.values():
            wakeups.wake()

    async def _until_changed(self, session: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Pass on notifications until the next renewal is due, or until leases are wanted or given up."""
        listening = asyncio.create_task(self._listen(session))
        changed = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait({listening, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            changed.cancel()
            await asyncio.gather(listening, changed, return_exceptions=True)
        if not listening.cancelled():
            listening.result()

    async def _listen(self, session: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        async for notification in session.notifies(timeout=RENEW_EVERY_S):
            with suppress(ValueError):  # A later version's queue.
                self.queued[Queue(notification.payload)].wake()
