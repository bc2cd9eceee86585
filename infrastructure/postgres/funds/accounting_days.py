"""The days that were handed to book-keeping, one row a day."""

from collections.abc import Sequence

from application.accounting.synced_days import SyncedDay
from infrastructure.postgres.connection.pool import ReadPool

_ALL = """
SELECT day, after_position, up_to_position, csv_sha256, json_sha256, synced_at FROM accounting_day ORDER BY day
"""
_ADD = """
INSERT INTO accounting_day (day, after_position, up_to_position, csv_sha256, json_sha256, synced_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class PostgresSyncedDays:
    """Implements application.accounting.synced_days.SyncedDays."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def all(self) -> Sequence[SyncedDay]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_ALL)).fetchall()
        return [
            SyncedDay(
                day=day,
                after=after,
                up_to=up_to,
                csv_sha256=bytes(csv_sha256),
                json_sha256=bytes(json_sha256),
                synced_at=synced_at,
            )
            for day, after, up_to, csv_sha256, json_sha256, synced_at in rows
        ]

    async def add(self, synced: SyncedDay) -> None:
        values = (synced.day, synced.after, synced.up_to, synced.csv_sha256, synced.json_sha256, synced.synced_at)
        async with self._pool.connection() as connection:
            await connection.execute(_ADD, values)
