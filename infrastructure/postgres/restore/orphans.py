"""The orphans of a restored store, kept in the table `orphan`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

from application.payment.orphans import Orphan, OrphanState, Pin
from application.provider.listing import Listed, Unreadable
from domain.identifiers import OperationId, PaymentId, ProviderName
from infrastructure.postgres.connection.pool import ReadPool

_PUT: Final = """
INSERT INTO orphan (provider, name, payment_id, attempt_id, at, fact, state, reason, found_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (provider, name) DO UPDATE SET state = excluded.state, reason = excluded.reason
WHERE orphan.state <> 'closed'
"""
_EXPLAINED: Final = """
UPDATE orphan SET state = 'explained', reason = %s WHERE provider = %s AND name = ANY(%s) AND state <> 'explained'
"""
_COLUMNS: Final = "provider, name, fact, state, reason, found_at"
_OPEN: Final = f"""
SELECT {_COLUMNS} FROM orphan
WHERE state IN ('waiting', 'unexplained') AND NOT starts_with(provider, 'bank:') ORDER BY at NULLS LAST, provider, name
"""  # noqa: S608 - our own constant
_WITH_PAYMENT: Final = f"""
SELECT {_COLUMNS} FROM orphan WHERE state <> 'explained' AND NOT starts_with(provider, 'bank:') AND EXISTS (
    SELECT FROM stored_events WHERE originator_id = payment_id AND originator_version = 1
) ORDER BY at NULLS LAST, provider, name
"""  # noqa: S608 - our own constant
_FIND: Final = f"SELECT {_COLUMNS} FROM orphan WHERE provider = %s AND name = %s"  # noqa: S608 - our own constant
_CLOSE: Final = """
UPDATE orphan SET state = 'closed', reason = %s, closed_by = %s
WHERE provider = %s AND name = %s AND state IN ('waiting', 'unexplained')
"""
_PINS: Final = """
SELECT payment_id, provider, attempt_id FROM orphan
WHERE attempt_id IS NOT NULL AND state <> 'explained' ORDER BY at, name
"""
_REOPENED_AT: Final = """
SELECT max((convert_from(state, 'UTF8')::json ->> 'recorded_at')::timestamptz) FROM stored_events
WHERE originator_id = %s AND starts_with(topic, 'store.reopened.')
"""


class PostgresOrphans:
    """Implements application.payment.orphans.OrphanRegister."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def put(self, orphans: Sequence[Orphan]) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            for one in orphans:
                at = None if isinstance(one.fact, Unreadable) else one.fact.at
                identity = (one.provider, one.name, one.payment_id, one.attempt_id, at)
                fact = msgspec.json.encode(one.fact)
                await connection.execute(_PUT, (*identity, fact, one.state, one.reason, one.found_at))

    async def explained(self, provider: ProviderName, names: Sequence[str], how: str) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_EXPLAINED, (how, provider, list(names)))

    async def open(self) -> Sequence[Orphan]:
        return await self._select(_OPEN)

    async def with_payment(self) -> Sequence[Orphan]:
        return await self._select(_WITH_PAYMENT)

    async def find(self, provider: ProviderName, name: str) -> Orphan | None:
        found = await self._select(_FIND, provider, name)
        return found[0] if found else None

    async def close(self, provider: ProviderName, name: str, reason: str, actor: str) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_CLOSE, (reason, actor, provider, name))

    async def _select(self, query: Any, *arguments: object) -> Sequence[Orphan]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(query, arguments or None)).fetchall()
        return [
            Orphan(
                provider=provider,
                name=name,
                fact=msgspec.json.decode(bytes(fact), type=Listed),
                state=OrphanState(state),
                reason=reason,
                found_at=found_at,
            )
            for provider, name, fact, state, reason, found_at in rows
        ]


async def read_pins(connection: psycopg.AsyncConnection[Any]) -> Mapping[PaymentId, Pin]:
    """By payment, the provider and attempt id of a charge that the payment's stream lacks. Raises psycopg.Error."""
    rows = await (await connection.execute(_PINS)).fetchall()
    return {
        PaymentId(payment_id): Pin(ProviderName(provider), OperationId(attempt_id))
        for payment_id, provider, attempt_id in rows
    }


async def read_reopened_at(connection: psycopg.AsyncConnection[Any], store_id: UUID) -> datetime | None:
    """The time of the last reopening of this copy of the store; None without one. Raises psycopg.Error."""
    rows: list[tuple[datetime | None]] = await (await connection.execute(_REOPENED_AT, (store_id,))).fetchall()
    return rows[0][0]
