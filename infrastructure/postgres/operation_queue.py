"""The queue of operations without an outcome, kept in the rows of `operation_claim`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from application.payment.operation_queue import UnresolvedOperation
from application.work.backoff import LONGEST_S
from application.write.store import Verb
from domain.identifiers import OperationId
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.queued import CHANNEL, Queue

_SELECT_UNRESOLVED = """
SELECT operation_id, payment_id, verb, claimed_at, tries, told
FROM operation_claim WHERE unresolved AND claimed_at <= %b ORDER BY claimed_at LIMIT 1000
"""
# Read by the partial index, which is small. Locked rows are skipped, so that an append and a claim never wait for each
# other. An operation that never resolves is put back after each claim, so that the claims reach all others.
_CLAIM = """
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
# An operation under a lease counts as due: whoever leased it may release it at any moment.
_SELECT_NEXT_DUE = """
SELECT min(greatest(
    CASE WHEN claimed_at > t.stranded THEN t.now ELSE claimed_at + t.older_than END,
    CASE WHEN next_try_at > t.stranded THEN t.now ELSE next_try_at END
))
FROM operation_claim, (SELECT %b::timestamptz, %b::timestamptz, %b::interval) AS t (stranded, now, older_than)
WHERE unresolved
"""
_CLAIM_ONE = """
UPDATE operation_claim SET asked_until = %b, taken_by = current_setting('tallystick.worker', true)
WHERE operation_id = %b AND (asked_until IS NULL OR asked_until <= %b OR asked_until > %b) RETURNING true
"""
_SELECT_ASKED_UNTIL = "SELECT coalesce(asked_until, %b) FROM operation_claim WHERE operation_id = %b"
_RELEASE = "UPDATE operation_claim SET asked_until = NULL WHERE operation_id = %b AND asked_until = %b"
# Applies to a resolved operation too: the outcome may arrive while an operator is being alerted.
_PUT_BACK = """
UPDATE operation_claim
SET next_try_at = %b, asked_until = NULL, told = told OR %b, tries = coalesce(%b::integer, tries)
WHERE operation_id = %b RETURNING unresolved
"""
_MAKE_DUE = """
UPDATE operation_claim SET next_try_at = %b, told = true, tries = 0 WHERE operation_id = %b
RETURNING unresolved, pg_notify(%b, %b)
"""
# Sorted as the partial index on these rows, so that the index is used even before statistics exist.
_SELECT_RESOLVED_AFTER_ALERT = """
SELECT operation_id FROM operation_claim
WHERE told AND NOT unresolved AND (tries > 0 OR next_try_at <= %b OR next_try_at > %b) ORDER BY claimed_at LIMIT %b
"""
_SELECT_ALERTED = """
SELECT EXISTS (SELECT FROM operation_claim WHERE told AND NOT unresolved)
    OR EXISTS (SELECT FROM operation_claim WHERE told AND unresolved)
"""
_ALERT_OVER = "UPDATE operation_claim SET told = false WHERE operation_id = %b AND NOT unresolved"
_SAID_SINCE = """
UPDATE operation_claim SET said = %b, said_at = CASE WHEN said = %b AND said_at <= %b THEN said_at ELSE %b END
WHERE operation_id = %b RETURNING said_at
"""
_LONGEST_PAUSE = timedelta(seconds=LONGEST_S)


class PostgresOperationQueue:
    """Implements application.payment.operation_queue.OperationQueue."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def unresolved(self, *, claimed_before: datetime) -> Sequence[UnresolvedOperation]:
        return _operations(await self._fetch(_SELECT_UNRESOLVED, claimed_before))

    async def claim(
        self, *, claimed_before: datetime, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[UnresolvedOperation]:
        until = now + lease
        stranded = until + _LONGEST_PAUSE
        return _operations(
            await self._fetch(
                *(_CLAIM, until, until, claimed_before, stranded, now, stranded, now, stranded),
                operations_max,
            )
        )

    async def next_due(self, *, now: datetime, older_than: timedelta, lease: timedelta) -> datetime | None:
        rows = await self._fetch(_SELECT_NEXT_DUE, now + lease + _LONGEST_PAUSE, now, older_than)
        due: datetime | None = rows[0][0]
        return due

    async def claim_one(self, operation_id: OperationId, *, now: datetime, lease: timedelta) -> datetime | None:
        if await self._fetch(_CLAIM_ONE, now + lease, operation_id, now, now + lease + _LONGEST_PAUSE):
            return None
        rows = await self._fetch(_SELECT_ASKED_UNTIL, now, operation_id)
        return rows[0][0] if rows else None

    async def release(self, operation_id: OperationId, *, until: datetime) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_RELEASE, (operation_id, until))

    async def put_back(
        self, operation_id: OperationId, *, until: datetime, alerted: bool = False, attempts: int | None = None
    ) -> bool:
        rows = await self._fetch(_PUT_BACK, until, alerted, attempts, operation_id)
        return any(unresolved for (unresolved,) in rows)

    async def make_due(self, operation_id: OperationId, *, now: datetime) -> bool:
        rows = await self._fetch(_MAKE_DUE, now, operation_id, CHANNEL, Queue.OPERATIONS.value)
        return any(unresolved for unresolved, _ in rows)

    async def resolved_after_alert(
        self, *, now: datetime, lease: timedelta, operations_max: int
    ) -> Sequence[OperationId]:
        stranded = now + lease + _LONGEST_PAUSE
        rows = await self._fetch(_SELECT_RESOLVED_AFTER_ALERT, now, stranded, operations_max)
        return [OperationId(id) for (id,) in rows]

    async def has_alerted(self) -> bool:
        [(has_alerted,)] = await self._fetch(_SELECT_ALERTED)
        return bool(has_alerted)

    async def alert_over(self, operation_id: OperationId) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_ALERT_OVER, (operation_id,))

    async def said_since(self, operation_id: OperationId, said: str, *, now: datetime) -> datetime | None:
        rows = await self._fetch(_SAID_SINCE, said, said, now, now, operation_id)
        return rows[0][0] if rows else None

    async def _fetch(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query, arguments)
            return await cursor.fetchall()


def _operations(rows: list[tuple[Any, ...]]) -> list[UnresolvedOperation]:
    return [
        UnresolvedOperation(
            operation_id=operation_id,
            payment_id=payment_id,
            verb=Verb(verb),
            claimed_at=claimed_at,
            attempts=attempts,
            alerted=alerted,
        )
        for operation_id, payment_id, verb, claimed_at, attempts, alerted in rows
    ]
