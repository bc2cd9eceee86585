"""The queue of due timers, copied from the view `payment_status` and leased to one worker at a time."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg

from application.payment.timers import DueTimer
from domain.identifiers import PaymentId
from domain.payment.timer import LOOKS_APART_MAX, TimerKind
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.queued import CHANNEL, Queue

TAKEN_IN_MAX = 1000

# The row of a fired timer stays while the view still has the timer, so that the timer does not fire again.
_FORGET = """
DELETE FROM timer_try AS y WHERE y.next_try_at IS NULL AND NOT EXISTS (
    SELECT FROM views.payment_status AS t WHERE t.payment_id = y.payment_id AND t.timer = y.kind
)
"""
_TAKE_IN = """
INSERT INTO timer_try (payment_id, kind, due_at, next_try_at)
SELECT t.payment_id, t.timer, t.due_at, t.due_at FROM views.payment_status AS t
WHERE t.due_at <= %s AND NOT EXISTS (
    SELECT FROM timer_try AS y WHERE y.payment_id = t.payment_id AND y.kind = t.timer
)
ORDER BY t.due_at LIMIT %s
ON CONFLICT DO NOTHING
"""
_SELECT_NEXT_DUE = """
SELECT CASE
    WHEN EXISTS (SELECT FROM timer_try WHERE next_try_at > %(stranded)s) OR EXISTS (
        SELECT FROM timer_try AS y WHERE y.next_try_at IS NULL AND NOT EXISTS (
            SELECT FROM views.payment_status AS t WHERE t.payment_id = y.payment_id AND t.timer = y.kind
        )
    ) THEN %(now)s::timestamptz
    ELSE least((SELECT min(next_try_at) FROM timer_try WHERE next_try_at IS NOT NULL), (
        SELECT t.due_at FROM views.payment_status AS t
        WHERE t.due_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM timer_try AS y WHERE y.payment_id = t.payment_id AND y.kind = t.timer
        )
        ORDER BY t.due_at LIMIT 1
    ))
END
"""
_CLAIM = """
UPDATE timer_try AS y SET tries = y.tries + 1, next_try_at = %s, taken_by = current_setting('tallystick.worker', true)
FROM (
    SELECT payment_id, kind FROM timer_try WHERE next_try_at <= %s OR next_try_at > %s
    ORDER BY next_try_at LIMIT %s FOR UPDATE SKIP LOCKED
) AS due
WHERE y.payment_id = due.payment_id AND y.kind = due.kind
RETURNING y.payment_id, y.kind, y.due_at, y.tries, y.told
"""
_RESOLVE = "UPDATE timer_try SET next_try_at = NULL WHERE payment_id = %s AND kind = %s"
_PUT_BACK = """
UPDATE timer_try SET tries = %s, told = %s, next_try_at = %s, taken_by = NULL
WHERE payment_id = %s AND kind = %s AND next_try_at IS NOT NULL
RETURNING CASE WHEN next_try_at <= clock_timestamp() THEN pg_notify(%s, %s) END
"""


class PostgresTimerQueue:
    """Implements application.payment.timers.TimerQueue."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def refresh(self, *, now: datetime) -> None:
        async with self._pool.connection() as connection:
            # The rows of a version that had no timers in them are in service until they have been made anew.
            with suppress(psycopg.errors.UndefinedColumn):
                await connection.execute(_FORGET)
                await connection.execute(_TAKE_IN, (now, TAKEN_IN_MAX))

    async def next_due(self, *, now: datetime, lease: timedelta) -> datetime | None:
        parameters = {"now": now, "stranded": now + lease + LOOKS_APART_MAX}
        async with self._pool.connection() as connection:
            try:
                rows = await (await connection.execute(_SELECT_NEXT_DUE, parameters)).fetchall()
            except psycopg.errors.UndefinedColumn:
                return None  # As in `refresh`.
        due: datetime | None = rows[0][0]
        return due

    async def claim(self, *, now: datetime, lease: timedelta, timers_max: int) -> Sequence[DueTimer]:
        async with self._pool.connection() as connection:
            # A later time than this was written by a wrong clock: the timer is due.
            stranded = now + lease + LOOKS_APART_MAX
            cursor = await connection.execute(_CLAIM, (now + lease, now, stranded, timers_max))
            return [
                DueTimer(
                    payment_id=PaymentId(payment_id),
                    kind=TimerKind(kind),
                    due_at=due_at,
                    attempts=attempts,
                    alerted=alerted,
                )
                for payment_id, kind, due_at, attempts, alerted in await cursor.fetchall()
            ]

    async def resolve(self, timer: DueTimer) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_RESOLVE, (timer.payment_id, timer.kind))

    async def put_back(self, timer: DueTimer, *, until: datetime) -> bool:
        async with self._pool.connection() as connection:
            arguments = (
                *(timer.attempts, timer.alerted, until, timer.payment_id, timer.kind),
                *(CHANNEL, Queue.TIMERS.value),
            )
            return (await connection.execute(_PUT_BACK, arguments)).rowcount == 1
