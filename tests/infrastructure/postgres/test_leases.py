"""A lease is one worker's at a time, and a silent worker's no longer than some seconds."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from application.write.store import Append
from domain.identifiers import OperationId
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.leases import LeaseLost, Leases
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from tests.support.store import (
    assert_appended,
    claim,
    created,
    execute,
    open_committer,
    open_leases,
    operation_queue,
    until,
)

WORK = "work"
TAKEN_OVER_WITHIN_S = 5.0
GENEROUSLY_S = 4 * TAKEN_OVER_WITHIN_S


class HangingLeases(Leases):
    """A worker's that stands still when it is told to, and keeps its session."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def _round(self, session: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        await self.goes_on.wait()
        await super()._round(session)


class Holder:
    """Has the lease of WORK whenever it can."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self.holds = False
        self.lost = 0

    async def run(self) -> None:
        while True:
            try:
                async with self._leases.held(WORK):
                    self.holds = True
                    await asyncio.Event().wait()
            except LeaseLost:
                self.lost += 1
            finally:
                self.holds = False


@asynccontextmanager
async def holding(leases: Leases) -> AsyncIterator[Holder]:
    holder = Holder(leases)
    task = asyncio.create_task(holder.run())
    try:
        yield holder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_held(holder: Holder) -> None:
    await until(lambda: asyncio.sleep(0, holder.holds), "the lease is held", within_s=GENEROUSLY_S)


async def test_one_has_it_for_as_long_as_it_renews(database_url: str) -> None:
    async with (
        open_leases(database_url) as first,
        open_leases(database_url) as second,
        holding(first) as one,
        holding(second) as two,
    ):
        await until(lambda: asyncio.sleep(0, one.holds or two.holds), "somebody has it")
        begun = time.monotonic()
        while time.monotonic() - begun < TAKEN_OVER_WITHIN_S:
            assert not (one.holds and two.holds)
            await asyncio.sleep(0.05)


async def test_another_has_it_soon_after_it_was_given_up(database_url: str) -> None:
    async with open_leases(database_url) as first, open_leases(database_url) as second:
        async with holding(first) as one:
            await until_held(one)
        async with holding(second) as two:
            await until_held(two)


async def test_another_takes_over_from_one_that_hangs_which_stops_by_itself(database_url: str) -> None:
    async with open_leases(database_url, HangingLeases) as first, open_leases(database_url) as second:
        assert isinstance(first, HangingLeases)
        async with holding(first) as one:
            await until_held(one)
            async with holding(second) as two:
                first.goes_on.clear()
                await until_held(two)
                assert (one.holds, one.lost) == (False, 1), "it stops before another begins"
                first.goes_on.set()
                await asyncio.sleep(2.0)
                assert (one.holds, two.holds) == (False, True)


async def test_another_takes_over_where_the_session_is_gone(database_url: str) -> None:
    async with open_leases(database_url) as first, holding(first) as one:
        await until_held(one)
        execute(database_url, "UPDATE worker_lease SET session = 0, expires_at = expires_at + interval '1 day'")
        async with open_leases(database_url) as second, holding(second) as two:
            await until(lambda: asyncio.sleep(0, one.holds != two.holds), "one of them has it")


async def test_a_worker_whose_session_breaks_has_its_lease_again(database_url: str) -> None:
    async with open_leases(database_url) as leases, holding(leases) as holder:
        await until_held(holder)
        execute(database_url, "SELECT pg_terminate_backend(session) FROM worker_lease")
        await asyncio.sleep(1.5)
        await until_held(holder)


async def test_renewing_writes_no_log(database_url: str) -> None:
    assert execute(database_url, "SELECT relpersistence FROM pg_class WHERE relname = 'worker_lease'") == [("u",)]


async def test_what_a_worker_that_hangs_has_in_hand_is_free_at_once_and_what_it_put_off_is_not(
    database_url: str,
) -> None:
    async with open_leases(database_url, HangingLeases) as first, open_leases(database_url):
        assert isinstance(first, HangingLeases)
        await until(lambda: _is_there(database_url, first.worker), "the first worker is there")
        pool = ReadPool(database_url, worker=first.worker)
        await pool.open()
        async with open_committer(database_url) as committer:
            store = PostgresEventStore(committer, pool, EventMapper())
            in_hand, put_off = uuid4(), uuid4()
            for operation_id in (in_hand, put_off):
                stored = claim(operation_id=operation_id)
                assert_appended(await store.append(Append(events=(created(uuid4()),), claim=stored)))
            now = datetime.now(UTC) + timedelta(minutes=1)
            a_day, taken = timedelta(days=1), {"lease": timedelta(minutes=10), "operations_max": 10}
            operations = operation_queue(store)
            assert len(await operations.claim(claimed_before=now, now=now, **taken)) == 2  # type: ignore[arg-type]
            await operations.put_back(OperationId(put_off), until=now + a_day)
            execute(database_url, TIMERS, [uuid4(), uuid4()])
            timers = PostgresTimerQueue(pool)
            one, other = await timers.claim(now=now, lease=a_day, timers_max=10)
            await timers.put_back(one, until=now + a_day)
            first.goes_on.clear()

            async def freed() -> bool:
                due = execute(database_url, DUE_OPERATIONS)
                return due == [(in_hand,)] and execute(database_url, DUE_TIMERS) == [(other.payment_id,)]

            await until(freed, "what was in hand is due", within_s=GENEROUSLY_S)
        await pool.aclose()


DUE_OPERATIONS = "SELECT operation_id FROM operation_claim WHERE next_try_at <= clock_timestamp()"
DUE_TIMERS = "SELECT payment_id FROM timer_try WHERE next_try_at <= clock_timestamp()"
TIMERS = """
INSERT INTO timer_try (payment_id, kind, due_at, next_try_at)
SELECT payment_id, 'authorization', now(), now() FROM unnest(%s::uuid[]) AS t (payment_id)
"""


async def _is_there(database_url: str, worker: str) -> bool:
    return execute(database_url, "SELECT 1 FROM worker_lease WHERE name = %s", f"worker {worker}") == [(1,)]
