"""The time of the last sweep for scheduled payouts, kept in the table `bank_feed`."""

from datetime import UTC, datetime, timedelta
from typing import Final

from infrastructure.postgres.connection.pool import ReadPool

_NAME: Final = "scheduled payouts"
"""The value of the column `bank`; no bank's name has a space."""
AHEAD_MAX: Final = timedelta(hours=1)
_SELECT = "SELECT report_id FROM bank_feed WHERE bank = %s"
# Times are in UTC and of one length, so that the later time is the greater text. A stored time that is more than
# AHEAD_MAX ahead was written by a wrong clock, and is overwritten.
_LOOKED = """
INSERT INTO bank_feed (bank, report_id) VALUES (%s, %s)
ON CONFLICT (bank) DO UPDATE SET report_id = excluded.report_id, moved_at = clock_timestamp()
    WHERE bank_feed.report_id < excluded.report_id OR bank_feed.report_id > %s
"""


class PostgresScheduleWatch:
    """Implements application.payout.queue.ScheduleWatch."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def looked_at(self) -> datetime | None:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SELECT, (_NAME,))).fetchall()
        return datetime.fromisoformat(rows[0][0]) if rows else None

    async def looked(self, at: datetime) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_LOOKED, (_NAME, _text(at), _text(at + AHEAD_MAX)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
