"""The inbox in Postgres, from which any number of workers claim deliveries under leases, many rows in one statement."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from application.webhook_in.inbox import Delivery, EventName, Finished
from application.work.backoff import LONGEST_S
from domain.identifiers import ProviderName
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.queued import CHANNEL, Queue

LEASE_S: Final = 30.0
"""The lease of a claimed delivery where the constructor gives no other: an unfinished delivery is due again after it.
Two workers on one delivery do no harm."""

_CLAIM = """
UPDATE webhook_delivery AS d
SET next_try_at = clock_timestamp() + %s * interval '1 second', taken_by = current_setting('tallystick.worker', true)
FROM (
    SELECT delivery_id FROM webhook_delivery
    WHERE state = 'waiting'
        AND (next_try_at <= clock_timestamp() OR next_try_at > clock_timestamp() + %s * interval '1 second')
        AND delivery_id <> ALL(%s::uuid[]) AND provider <> ALL(%s::text[])
    ORDER BY next_try_at LIMIT %s FOR UPDATE SKIP LOCKED
) AS due
WHERE d.delivery_id = due.delivery_id
RETURNING d.delivery_id, d.provider, d.body, d.head, extract(epoch FROM clock_timestamp() - d.received_at)::float8,
    d.tries, d.was_dead, d.next_try_at
"""
_HOLD = """
UPDATE webhook_delivery
SET next_try_at = clock_timestamp() + %s * interval '1 second', was_dead = was_dead OR %s
WHERE delivery_id = %s AND state = 'waiting' AND next_try_at = %s
RETURNING next_try_at, was_dead
"""
# Inserted in one order, so that two workers with the same names cannot deadlock.
_NAME_EVENTS = """
INSERT INTO webhook_event (provider, event_id, delivery_id)
SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[]) AS t (provider, event_id, delivery_id)
ORDER BY provider, event_id ON CONFLICT DO NOTHING
"""
# A statement of its own: the snapshot of the insert does not show rows that another worker has just committed.
_SELECT_FIRST = """
SELECT e.provider, e.event_id, e.delivery_id
FROM unnest(%s::text[], %s::text[]) AS t (provider, event_id) JOIN webhook_event AS e USING (provider, event_id)
"""
_SELECT_BODIES = "SELECT delivery_id, body FROM webhook_delivery WHERE delivery_id = ANY(%s)"
# The lease shows whether the delivery is still this worker's: another worker claims the delivery under a new lease, and
# an operator's retry, possible as soon as the dead letter is visible, ends the lease.
_FINISH = """
UPDATE webhook_delivery AS d
SET state = t.state, result = t.result, payment_id = t.payment_id, tries = t.tries, event_id = t.event_id,
    next_try_at = clock_timestamp() + t.again_after_s * interval '1 second', taken_by = NULL
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::float8[], %s::text[],
            %s::timestamptz[])
    AS t (delivery_id, state, result, payment_id, tries, again_after_s, event_id, leased_until)
WHERE d.delivery_id = t.delivery_id AND d.state = 'waiting' AND d.next_try_at = t.leased_until
RETURNING d.delivery_id
"""
_SELECT_IDLE_S = """
SELECT extract(epoch FROM next_try_at - clock_timestamp())::float8 FROM webhook_delivery
WHERE state = 'waiting' ORDER BY next_try_at LIMIT 1
"""
_WAIT_AGAIN = """
UPDATE webhook_delivery SET state = 'waiting', was_dead = true, tries = 0, next_try_at = clock_timestamp()
WHERE delivery_id = %s AND state <> 'refused'
RETURNING pg_notify(%s, %s)
"""


class PostgresInbox:
    """Implements application.webhook_in.inbox.Inbox."""

    def __init__(self, pool: ReadPool, *, lease_s: float = LEASE_S) -> None:
        self._pool = pool
        self._lease_s = lease_s

    async def claim(
        self, deliveries_max: int, *, but: Collection[UUID] = (), not_of: Collection[ProviderName] = ()
    ) -> Sequence[Delivery]:
        rows = await self._fetch(
            _CLAIM, self._lease_s, self._lease_s + LONGEST_S, list(but), list(not_of), deliveries_max
        )
        return [
            Delivery(
                id=delivery_id,
                provider=ProviderName(provider),
                body=body,
                head=head,
                waited_s=waited_s,
                tries=tries,
                was_dead=was_dead,
                leased_until=leased_until,
            )
            for delivery_id, provider, body, head, waited_s, tries, was_dead, leased_until in rows
        ]

    async def hold(self, delivery: Delivery, *, giving_up: bool = False) -> Delivery | None:
        rows = await self._fetch(_HOLD, self._lease_s, giving_up, delivery.id, delivery.leased_until)
        return replace(delivery, leased_until=rows[0][0], was_dead=rows[0][1]) if rows else None

    async def first_of(self, names: Sequence[tuple[UUID, EventName]]) -> dict[EventName, UUID]:
        providers = [name.provider for _, name in names]
        event_ids = [name.event_id for _, name in names]
        async with self._pool.connection() as connection:
            await connection.execute(_NAME_EVENTS, (providers, event_ids, [each for each, _ in names]))
            cursor = await connection.execute(_SELECT_FIRST, (providers, event_ids))
            return {
                EventName(ProviderName(provider), event_id): delivery_id
                for provider, event_id, delivery_id in await cursor.fetchall()
            }

    async def bodies_of(self, deliveries: Sequence[UUID]) -> dict[UUID, bytes]:
        return dict(await self._fetch(_SELECT_BODIES, list(deliveries)))

    async def finish(self, finished: Sequence[Finished]) -> set[UUID]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _FINISH,
                (
                    [each.id for each in finished],
                    [each.state.value for each in finished],
                    [each.result for each in finished],
                    [each.payment_id for each in finished],
                    [each.tries for each in finished],
                    [each.again_after_s for each in finished],
                    [each.event_id for each in finished],
                    [each.leased_until for each in finished],
                ),
            )
            return {delivery_id for (delivery_id,) in await cursor.fetchall()}

    async def idle_s(self) -> float | None:
        rows = await self._fetch(_SELECT_IDLE_S)
        return float(rows[0][0]) if rows else None

    async def wait_again(self, delivery_id: UUID) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_WAIT_AGAIN, (delivery_id, CHANNEL, Queue.DELIVERIES.value))

    async def _fetch(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query, arguments)
            return await cursor.fetchall()
