"""The connections for which the database has room at start are those that the processes open."""

import asyncio
from collections import Counter

import psycopg

from infrastructure.observability.condition import RELAY
from infrastructure.postgres.connection.pool import POOL_SIZE_MAX
from interfaces.composition.connections import APPLICATIONS, OF_SERVER_PROCESS, OF_WORKER
from interfaces.runtime.supervisor import Stack
from projections.engine.checkpoint import SHARED
from tests.support.running import Merchant, eventually

READERS = "tallystick reader"
OF_THE_TESTS_DIRECTORY = POOL_SIZE_MAX
SELECT = "SELECT application_name FROM pg_stat_activity WHERE datid IS NOT NULL AND pid <> pg_backend_pid()"


async def opened(stack: Stack) -> Counter[str]:
    """How many connections there are of each name."""
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url) as connection:
        return Counter(name for (name,) in await (await connection.execute(SELECT)).fetchall())


async def test_each_process_opens_what_it_is_counted_for(stack: Stack, merchant: Merchant) -> None:
    await asyncio.gather(*[merchant.pay() for _ in range(20)], *[merchant.get("/v1/payments") for _ in range(20)])

    async def all_are_there() -> bool:
        return {APPLICATIONS[RELAY], APPLICATIONS[SHARED]} <= (await opened(stack)).keys()

    await eventually(all_are_there, "the relay and the shared projector are connected")
    names = await opened(stack)
    # The pools of the two processes grow as they are asked, up to their bound.
    counted = OF_SERVER_PROCESS + OF_WORKER - 2 * POOL_SIZE_MAX
    assert names.pop(READERS) <= 2 * POOL_SIZE_MAX + OF_THE_TESTS_DIRECTORY
    assert names.total() <= counted, names
