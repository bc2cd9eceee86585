"""The event store on Postgres: appends through the writer, reads by stream, claim and position."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from application.work.backoff import LONGEST_S
from application.write.store import Append, AppendResult, StoredClaim, UnresolvedOperation, Verb
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
_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
# An answer that is told again has to be on the standby: after a restart of a primary without one, the row of a commit
# that was never answered can be seen. The message comes after that row in the log, and is committed with the read.
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
_SELECT_UNRESOLVED = """
SELECT operation_id, payment_id, verb, claimed_at, tries, told
FROM operation_claim WHERE unresolved AND claimed_at <= %b ORDER BY claimed_at LIMIT 1000
"""
# By the partial index, which is small. Locks are skipped, never waited for: so no append waits for us while we wait
# for it. One that never resolves is put off each time it is taken, and so hides no other.
_TAKE_UNRESOLVED = """
UPDATE operation_claim AS o SET tries = o.tries + 1, next_try_at = %b, asked_until = %b,
    taken_by = current_setting('tallystick.worker', true)
FROM (
    SELECT operation_id FROM operation_claim
    WHERE unresolved AND (claimed_at <= %b OR claimed_at > %b)
        AND (coalesce(next_try_at, claimed_at) <= %b OR coalesce(next_try_at, claimed_at) > %b)
        AND (asked_until IS NULL OR asked_until <= %b OR asked_until > %b)
    ORDER BY coalesce(next_try_at, claimed_at) LIMIT %b
    FOR UPDATE SKIP LOCKED
) AS due
WHERE o.operation_id = due.operation_id
RETURNING o.operation_id, o.payment_id, o.verb, o.claimed_at, o.tries, o.told
"""
_TAKE_ONE = """
UPDATE operation_claim SET asked_until = %b, taken_by = current_setting('tallystick.worker', true)
WHERE operation_id = %b AND (asked_until IS NULL OR asked_until <= %b OR asked_until > %b) RETURNING true
"""
_SELECT_ASKED_UNTIL = "SELECT coalesce(asked_until, %b) FROM operation_claim WHERE operation_id = %b"
_RELEASE = "UPDATE operation_claim SET asked_until = NULL WHERE operation_id = %b AND asked_until = %b"
_SAID_SINCE = """
UPDATE operation_claim SET said = %b, said_at = CASE WHEN said = %b AND said_at <= %b THEN said_at ELSE %b END
WHERE operation_id = %b RETURNING said_at
"""
# Both of a resolved one too: it may have come to its end while somebody was being told of it.
_PUT_OFF = """
UPDATE operation_claim
SET next_try_at = %b, asked_until = NULL, told = told OR %b, tries = coalesce(%b::integer, tries)
WHERE operation_id = %b RETURNING unresolved
"""
_MAKE_DUE = """
UPDATE operation_claim SET next_try_at = %b, told = true, tries = 0 WHERE operation_id = %b RETURNING unresolved
"""
# In the order of the index that has just these, so that it is used even before there are statistics.
_SELECT_RESOLVED_AFTER_TOLD = """
SELECT operation_id FROM operation_claim
WHERE told AND NOT unresolved AND (tries > 0 OR next_try_at <= %b OR next_try_at > %b) ORDER BY claimed_at LIMIT %b
"""
_TOLD_OF_END = "UPDATE operation_claim SET told = false WHERE operation_id = %b AND NOT unresolved"
_LONGEST_PAUSE = timedelta(seconds=LONGEST_S)
POSITION_MAX = 2**63 - 1


class Writer(Protocol):
    """What appends: the process's committer, or what is wrapped around it."""

    async def append(self, append: Append) -> AppendResult: ...


class PostgresEventStore:
    """Implements application.write.store.RecoveryStore; also read by position, for tools and read models."""

    def __init__(self, writer: Writer, pool: ReadPool, mapper: EventMapper) -> None:
        self._writer = writer
        self._pool = pool
        self._mapper = mapper

    async def append(self, append: Append) -> AppendResult:
        return await self._writer.append(append)

    async def history(self, stream_id: UUID) -> Sequence[Positioned]:
        return self._positioned(await self._fetch(_SELECT_STREAM, stream_id))

    async def history_after(self, stream_id: UUID, version: int) -> Sequence[Positioned]:
        """The events of one stream after its `version`th, in order."""
        return self._positioned(await self._fetch(_SELECT_STREAM_AFTER, stream_id, version))

    async def histories(self, stream_ids: Sequence[UUID]) -> Sequence[Positioned]:
        return self._positioned(await self._fetch(_SELECT_STREAMS, list(stream_ids)))

    async def after(self, position: int, *, events_max: int, up_to: int = POSITION_MAX) -> Sequence[Positioned]:
        """Up to `events_max` events after `position` and not after `up_to`, in order."""
        return self._positioned(await self._fetch(_SELECT_AFTER, position, up_to, events_max))

    async def head(self) -> int:
        """The position of the last event; 0 for an empty store."""
        [(head,)] = await self._fetch(_SELECT_HEAD)
        return int(head)

    async def claim_by_key(self, merchant_id: MerchantId, key: str) -> StoredClaim | None:
        return await self._claim(_SELECT_CLAIM_BY_KEY, merchant_id, key)

    async def claim_by_operation(self, operation_id: OperationId) -> StoredClaim | None:
        return await self._claim(_SELECT_CLAIM_BY_OPERATION, operation_id)

    async def unresolved(self, *, claimed_before: datetime) -> Sequence[UnresolvedOperation]:
        return _operations(await self._fetch(_SELECT_UNRESOLVED, claimed_before))

    async def take_unresolved(
        self, *, claimed_before: datetime, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[UnresolvedOperation]:
        until = now + lease
        stranded = until + _LONGEST_PAUSE
        return _operations(
            await self._fetch(
                *(_TAKE_UNRESOLVED, until, until, claimed_before, stranded, now, stranded, now, stranded),
                operations_max,
            )
        )

    async def take_one(self, operation_id: OperationId, *, now: datetime, lease: timedelta) -> datetime | None:
        if await self._fetch(_TAKE_ONE, now + lease, operation_id, now, now + lease + _LONGEST_PAUSE):
            return None
        rows = await self._fetch(_SELECT_ASKED_UNTIL, now, operation_id)
        return rows[0][0] if rows else None

    async def release(self, operation_id: OperationId, *, until: datetime) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_RELEASE, (operation_id, until))

    async def said_since(self, operation_id: OperationId, said: str, *, now: datetime) -> datetime | None:
        rows = await self._fetch(_SAID_SINCE, said, said, now, now, operation_id)
        return rows[0][0] if rows else None

    async def put_off(
        self, operation_id: OperationId, *, until: datetime, told: bool = False, tries: int | None = None
    ) -> bool:
        return any(unresolved for (unresolved,) in await self._fetch(_PUT_OFF, until, told, tries, operation_id))

    async def make_due(self, operation_id: OperationId, *, now: datetime) -> bool:
        return any(unresolved for (unresolved,) in await self._fetch(_MAKE_DUE, now, operation_id))

    async def resolved_after_told(
        self, *, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[OperationId]:
        stranded = now + lease + _LONGEST_PAUSE
        rows = await self._fetch(_SELECT_RESOLVED_AFTER_TOLD, now, stranded, operations_max)
        return [OperationId(id) for (id,) in rows]

    async def told_of_end(self, operation_id: OperationId) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_TOLD_OF_END, (operation_id,))

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


def _operations(rows: list[tuple[Any, ...]]) -> list[UnresolvedOperation]:
    return [
        UnresolvedOperation(
            operation_id=operation_id,
            payment_id=payment_id,
            verb=Verb(verb),
            claimed_at=claimed_at,
            tries=tries,
            told=told,
        )
        for operation_id, payment_id, verb, claimed_at, tries, told in rows
    ]
