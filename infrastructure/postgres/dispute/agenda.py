"""Disputes that are due for work, read from the view `disputes`."""

from collections.abc import Sequence
from datetime import datetime

from domain.identifiers import DisputeCaseId
from infrastructure.postgres.connection.pool import ReadPool
from projections.dispute import disputes


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
