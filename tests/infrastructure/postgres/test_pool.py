"""Every connection for reads plans a query once, for whatever is asked."""

from infrastructure.postgres.pool import POOL_SIZE_MIN, ReadPool


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
