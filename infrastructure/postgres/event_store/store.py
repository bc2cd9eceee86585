"""The event store on Postgres: appends through the writer, reads by stream, claim and position."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from application.write.store import Append, AppendResult, StoredClaim
from domain.history import Positioned
from domain.identifiers import MerchantId, OperationId
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.connection.session import confirmed
from infrastructure.postgres.event_store.append_sql import stored_claim
from infrastructure.postgres.event_store.mapper import EventMapper

_SELECT_STREAM = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM stored_events WHERE originator_id = %b ORDER BY originator_version
"""
_SELECT_STREAM_AFTER = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM stored_events WHERE originator_id = %b AND originator_version > %b ORDER BY originator_version
"""
_SELECT_STREAMS = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM stored_events WHERE originator_id = ANY(%b) ORDER BY notification_id
"""
_SELECT_AFTER = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM stored_events WHERE notification_id > %b AND notification_id <= %b ORDER BY notification_id LIMIT %b
"""
_SELECT_AT = """
SELECT notification_id, originator_id, originator_version, topic, state
FROM stored_events WHERE notification_id = ANY(%b) ORDER BY notification_id
"""
_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
# A repeated answer has to be on the standby first: a primary that was restarted shows the row of a commit that no
# standby has confirmed. The message follows that row in the WAL and is committed with the read.
_SELECT_CLAIM_BY_KEY = """
SELECT operation_id, payment_id, verb, fingerprint, status, body, position,
    CASE WHEN status IS NOT NULL AND current_setting('synchronous_standby_names') <> ''
        THEN pg_logical_emit_message(true, 'tallystick', '') END
FROM operation_claim WHERE merchant_id = %b AND key = %b
"""
_SELECT_CLAIM_BY_OPERATION = """
SELECT operation_id, payment_id, verb, fingerprint, status, body, position,
    CASE WHEN status IS NOT NULL AND current_setting('synchronous_standby_names') <> ''
        THEN pg_logical_emit_message(true, 'tallystick', '') END
FROM operation_claim WHERE operation_id = %b
"""
POSITION_MAX = 2**63 - 1


class Writer(Protocol):
    """The writer that appends: the process's committer, or a wrapper around it."""

    async def append(self, append: Append) -> AppendResult: ...


class PostgresEventStore:
    """Implements application.write.store.EventStore; also read by position, for tools and read models."""

    def __init__(self, writer: Writer, pool: ReadPool, mapper: EventMapper) -> None:
        self._writer = writer
        self._pool = pool
        self._mapper = mapper

    async def append(self, append: Append) -> AppendResult:
        return await self._writer.append(append)

    async def history(self, stream_id: UUID) -> Sequence[Positioned]:
        return self._positioned(await self._fetch(_SELECT_STREAM, stream_id))

    async def history_after(self, stream_id: UUID, version: int) -> Sequence[Positioned]:
        """The events of one stream with versions above `version`, in order."""
        return self._positioned(await self._fetch(_SELECT_STREAM_AFTER, stream_id, version))

    async def histories(self, stream_ids: Sequence[UUID]) -> Sequence[Positioned]:
        return self._positioned(await self._fetch(_SELECT_STREAMS, list(stream_ids)))

    async def after(self, position: int, *, events_max: int, up_to: int = POSITION_MAX) -> Sequence[Positioned]:
        """Up to `events_max` events after `position` and not after `up_to`, in order."""
        return self._positioned(await self._fetch(_SELECT_AFTER, position, up_to, events_max))

    async def at(self, positions: Sequence[int]) -> Sequence[Positioned]:
        """The events at `positions`, in order."""
        return self._positioned(await self._fetch(_SELECT_AT, list(positions))) if positions else ()

    async def head(self) -> int:
        """The position of the last event; 0 for an empty store."""
        [(head,)] = await self._fetch(_SELECT_HEAD)
        return int(head)

    async def claim_by_key(self, merchant_id: MerchantId, key: str) -> StoredClaim | None:
        return await self._claim(_SELECT_CLAIM_BY_KEY, merchant_id, key)

    async def claim_by_operation(self, operation_id: OperationId) -> StoredClaim | None:
        return await self._claim(_SELECT_CLAIM_BY_OPERATION, operation_id)

    async def _claim(self, query: str, *arguments: object) -> StoredClaim | None:
        async with self._pool.connection() as connection, confirmed(connection):
            cursor = connection.cursor(binary=True)
            await cursor.execute(query, arguments)
            rows = await cursor.fetchall()
        return stored_claim(rows[0][:-1]) if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query, arguments)
            return await cursor.fetchall()

    def _positioned(self, rows: list[tuple[Any, ...]]) -> list[Positioned]:
        return [Positioned(row[0], self._mapper.to_domain_event(StoredEvent(*row[1:]))) for row in rows]
