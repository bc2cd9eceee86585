"""Group commit of deliveries: one statement inserts all waiting deliveries, up to a bound, into the inbox."""

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from application.webhook_in.inbox import NewDelivery
from domain.errors import described
from infrastructure.postgres.connection.group_commit import GroupCommit, Waiting
from infrastructure.postgres.connection.session import Session

BATCH_DELIVERIES_MAX: Final = 256
QUEUE_DELIVERIES_MAX: Final = 2048
"""A full queue takes at most 128 MiB, at 64 KiB a delivery; most deliveries have one or two kilobytes."""
STATEMENT_TIMEOUT_MS: Final = 5_000
CALL_WITHIN_S: Final = 6.0
"""The limit of the call, a little above the statement's own."""

_INSERT = """
INSERT INTO webhook_delivery
    (delivery_id, provider, received_at, headers, body, body_sha256, state, result, next_try_at, head)
SELECT *, CASE WHEN state = 'waiting' THEN received_at END,
    (SELECT coalesce(max(notification_id), 0) FROM stored_events)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::jsonb[], %b::bytea[], %b::bytea[], %s::text[], %s::text[])
    AS t (delivery_id, provider, received_at, headers, body, body_sha256, state, result)
"""

log = logging.getLogger(__name__)


class DeliveryWriter(GroupCommit[NewDelivery, None]):
    """Implements application.webhook_in.inbox.Intake."""

    name = "deliveries"
    entries = "deliveries"
    statement_timeout_ms = STATEMENT_TIMEOUT_MS

    async def add(self, delivery: NewDelivery) -> None:
        self._require_room(QUEUE_DELIVERIES_MAX)
        await self._commit_next(delivery, must_be_kept=True)

    def _next_batch(self, queue: deque[Waiting[NewDelivery, None]]) -> list[Waiting[NewDelivery, None]]:
        return [queue.popleft() for _ in range(min(len(queue), BATCH_DELIVERIES_MAX))]

    async def _prepare(self, session: Session) -> None:
        session.answers_within_s = CALL_WITHIN_S

    async def _write(self, session: Session, batch: Sequence[NewDelivery]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        columns = (
            [each.id for each in batch],
            [each.provider for each in batch],
            [each.received_at for each in batch],
            [msgspec.json.encode(each.headers).decode() for each in batch],
            [each.body for each in batch],
            [each.body_sha256 for each in batch],
            [each.state.value for each in batch],
            [each.result for each in batch],
        )
        rows = await session.execute(_INSERT, columns, prepare=True)
        session.require_confirmed()
        return rows

    async def _answers(
        self, batch: Sequence[NewDelivery], _rows: psycopg.AsyncCursor[tuple[Any, ...]]
    ) -> Sequence[None]:
        return [None] * len(batch)

    def _report(self, error: Exception, *, size: int) -> None:
        log.warning("deliveries_not_kept", extra={"error": described(error), "deliveries": size})
