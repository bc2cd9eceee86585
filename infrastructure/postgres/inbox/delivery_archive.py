"""The inbox as operators read it, in pages, each of which reads one index onwards from the end of the page before."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.sql import SQL

from application.webhook_in.inbox import DeliveryState, StoredDelivery
from domain.identifiers import PaymentId, ProviderName
from infrastructure.postgres.connection.pool import ReadPool

_COLUMNS: Final = SQL("""
    delivery_id, provider, received_at, headers, body, body_sha256, event_id, state, result, payment_id, tries,
    CASE WHEN state = 'waiting' THEN next_try_at END
""")
_SEARCH: Final = SQL("""
SELECT {columns} FROM webhook_delivery WHERE delivery_id < %(before)s AND {filtered}
ORDER BY delivery_id DESC LIMIT %(deliveries_max)s
""")
_OF_PROVIDER, _OF_STATE = SQL("provider = %(provider)s"), SQL("state = %(state)s")
_ALL: Final = _SEARCH.format(columns=_COLUMNS, filtered=SQL("true"))
_BY_PROVIDER: Final = _SEARCH.format(columns=_COLUMNS, filtered=_OF_PROVIDER)
_BY_STATE: Final = _SEARCH.format(columns=_COLUMNS, filtered=_OF_STATE)
_BY_BOTH: Final = _SEARCH.format(columns=_COLUMNS, filtered=SQL(" AND ").join((_OF_PROVIDER, _OF_STATE)))
_ONE: Final = SQL("SELECT {columns} FROM webhook_delivery WHERE delivery_id = %s").format(columns=_COLUMNS)
_DEAD: Final = SQL("""
SELECT {columns} FROM webhook_delivery WHERE state = 'dead' AND payment_id = %s ORDER BY delivery_id
""").format(columns=_COLUMNS)
_LAST_ID: Final = UUID(int=2**128 - 1)


class PostgresDeliveryArchive:
    """Implements application.webhook_in.inbox.DeliveryArchive. The order of ids, which are UUIDv7, is that of time."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def search(
        self,
        *,
        deliveries_max: int,
        before: UUID | None = None,
        provider: ProviderName | None = None,
        state: DeliveryState | None = None,
    ) -> Sequence[StoredDelivery]:
        match provider, state:
            case None, None:
                query = _ALL
            case _, None:
                query = _BY_PROVIDER
            case None, _:
                query = _BY_STATE
            case _:
                query = _BY_BOTH
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                query,
                {
                    "before": before or _LAST_ID,
                    "provider": provider,
                    "state": None if state is None else state.value,
                    "deliveries_max": deliveries_max,
                },
            )
            return list(map(_stored, await cursor.fetchall()))

    async def find(self, delivery_id: UUID) -> StoredDelivery | None:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_ONE, (delivery_id,))).fetchall()
        return _stored(rows[0]) if rows else None

    async def dead_of(self, payment_id: PaymentId) -> Sequence[StoredDelivery]:
        async with self._pool.connection() as connection:
            return list(map(_stored, await (await connection.execute(_DEAD, (payment_id,))).fetchall()))


def _stored(row: tuple[Any, ...]) -> StoredDelivery:
    return StoredDelivery(
        id=row[0],
        provider=ProviderName(row[1]),
        received_at=row[2],
        headers=row[3],
        body=row[4],
        body_sha256=row[5],
        event_id=row[6],
        state=DeliveryState(row[7]),
        result=row[8],
        payment_id=None if row[9] is None else PaymentId(row[9]),
        tries=row[10],
        next_try_at=row[11],
    )
