"""Disputes that are due for work, read from the view `disputes`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.identifiers import DisputeCaseId
from infrastructure.postgres.connection.pool import ReadPool
from projections.dispute import disputes

_NEXT_DUE: Final = """
SELECT least((SELECT min(due_at) FROM views.disputes), (
    SELECT CASE WHEN max(asked_since) > %(now)s::timestamptz + interval '1 hour' THEN %(now)s
                ELSE min(asked_since) + %(after)s END
    FROM views.disputes
))
"""


class PostgresDisputeAgenda:
    """Implements application.dispute.deadlines.DisputeAgenda."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def due(self, *, now: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        async with self._pool.connection() as connection:
            return list(map(DisputeCaseId, await disputes.due(connection, now=now, rows_max=disputes_max)))

    async def unconfirmed(self, *, before: datetime, disputes_max: int) -> Sequence[DisputeCaseId]:
        async with self._pool.connection() as connection:
            return list(map(DisputeCaseId, await disputes.asked(connection, before=before, rows_max=disputes_max)))

    async def next_due(self, *, now: datetime, unconfirmed_after: timedelta) -> datetime | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_NEXT_DUE, {"now": now, "after": unconfirmed_after})
            rows = await cursor.fetchall()
        due: datetime | None = rows[0][0]
        return due
