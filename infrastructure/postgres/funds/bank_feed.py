"""Our place in each bank's feed of reports, moved only from the report at which the caller found it."""

from infrastructure.postgres.connection.pool import ReadPool

_SELECT = "SELECT report_id FROM bank_feed WHERE bank = %s"
_BEGIN = "INSERT INTO bank_feed (bank, report_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_MOVE = "UPDATE bank_feed SET report_id = %s, moved_at = clock_timestamp() WHERE bank = %s AND report_id = %s"


class PostgresBankFeed:
    """Implements application.payout.queue.BankFeed."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def heard_up_to(self, bank: str) -> str | None:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SELECT, (bank,))).fetchall()
        return str(rows[0][0]) if rows else None

    async def move(self, bank: str, *, before: str | None, after: str) -> bool:
        async with self._pool.connection() as connection:
            if before is None:
                moved = await connection.execute(_BEGIN, (bank, after))
            else:
                moved = await connection.execute(_MOVE, (after, bank, before))
        return moved.rowcount == 1
