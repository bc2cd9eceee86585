"""A lease is one worker's at a time, and a silent worker's no longer than some seconds."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from infrastructure.postgres.leases import LeaseLost, Leases
from tests.support.store import execute, open_leases, until

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
