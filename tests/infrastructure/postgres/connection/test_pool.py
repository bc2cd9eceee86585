"""Every connection for reads plans a query once, for whatever is asked; and no sender takes all of them."""

import asyncio
from contextlib import nullcontext

from application.work.on_behalf import ANYBODY, on_behalf_of
from infrastructure.postgres.connection.pool import POOL_SIZE_MAX, POOL_SIZE_MIN, SHARE_MAX, ReadPool


async def test_plans_do_not_turn_with_what_is_asked(database_url: str) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    try:
        for _ in range(2 * POOL_SIZE_MIN):
            async with pool.connection() as connection:
                cursor = await connection.execute("SHOW plan_cache_mode")
                assert await cursor.fetchone() == ("force_generic_plan",)
    finally:
        await pool.aclose()


async def test_one_senders_flood_leaves_connections_for_the_others(database_url: str) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    held = asyncio.Event()

    async def hold() -> None:
        async with pool.connection():
            await held.wait()

    with on_behalf_of("aurora"):
        flood = [asyncio.create_task(hold()) for _ in range(3 * POOL_SIZE_MAX)]
    try:
        for someone in ("kestrel", ANYBODY, None):
            with on_behalf_of(someone) if someone else nullcontext():
                async with pool.connection() as connection:
                    await connection.execute("SELECT 1")
        assert not any(task.done() for task in flood[:SHARE_MAX])
        held.set()
        await asyncio.gather(*flood, return_exceptions=True)
    finally:
        await pool.aclose()
