"""What is asked of a store while it grows: each call as a route makes it, each time for something else."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from itertools import cycle
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row

from application.payment.loaded import loaded_from
from application.write.store import Append, Appended
from domain.identifiers import MerchantId, PaymentId
from domain.ledger.entry import entry_id_for
from domain.ledger.rules import MoneyEvent
from domain.payment.status import Status
from infrastructure.postgres.connection.pool import ReadPool
from interfaces.resources.as_of import cut
from projections.engine.checkpoint import positions
from projections.ledger.merchant_balances import of_merchant
from projections.payment.audit_timeline import of_merchant_after
from projections.payment.status import search
from projections.provider.unsettled import unsettled
from projections.views import VIEWS
from tests.benchmarks.rounds import percentile
from tests.benchmarks.stores import MERCHANTS
from tests.support.store import claim, created, hold_entry, open_store

SAMPLE = 1_000
PAGE_ROWS = 21
FEED_ROWS = 101
FEED_ROWS_SMALL = 21
AT_ONCE = 16

_SAMPLE = """
SELECT p.payment_id, p.merchant_id, p.customer_id, p.status, p.created_at, p.position
FROM views.payment_status AS p
JOIN operation_claim AS c USING (payment_id)
WHERE c.verb = 'create' AND c.position = ANY(%s)
"""
_LAST = "SELECT max(notification_id) FROM stored_events"
_LAST_CREATED = "SELECT max(created_at) FROM views.payment_status"


class Known(NamedTuple):
    """A payment of the store that a call can ask for."""

    payment_id: UUID
    merchant_id: str
    customer_id: str
    status: str
    created_at: datetime
    position: int


class Store:
    """Opened as the API opens it. Its first merchant has most of the payments; `_small` are payments of the others."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._open = AsyncExitStack()
        self._chance = random.Random(1)

    async def __aenter__(self) -> Self:
        self._store = await self._open.enter_async_context(open_store(self._url))
        self._pool = ReadPool(self._url)
        await self._pool.open()
        self._open.push_async_callback(self._pool.aclose)
        with psycopg.connect(self._url) as connection:
            [(self._head,)] = connection.execute(_LAST).fetchall()
            [(self._last_created,)] = connection.execute(_LAST_CREATED).fetchall()
            # The last events of the appends that made them: one in six positions is one.
            asked = self._chance.sample(range(1, self._head), min(self._head - 1, 20 * SAMPLE))
            known = connection.cursor(row_factory=class_row(Known)).execute(_SAMPLE, (asked,)).fetchall()
        self._chance.shuffle(known)
        self._keys = cycle(known[:SAMPLE])
        self._small = cycle([payment for payment in known[:SAMPLE] if payment.merchant_id != MERCHANTS[0]])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def queries(self) -> Mapping[str, Callable[[], Awaitable[Any]]]:
        return {
            "append": self._append,
            "payment": self._payment,
            "as_of": self._as_of,
            "ledger": self._ledger,
            "timeline": self._timeline,
            "search": lambda: self._search(),
            "search_by_status": lambda: self._search(status=True),
            "search_by_customer": lambda: self._search(customer=True),
            "search_created_after": lambda: self._search(since=True),
            "search_created_before": lambda: self._search(until=True),
            "search_deep": lambda: self._search(deep=True),
            "balances": self._balances,
            "unsettled": self._unsettled,
            "events_feed": lambda: self._feed(next(self._keys).merchant_id, FEED_ROWS),
            "events_feed_small": lambda: self._feed(next(self._small).merchant_id, FEED_ROWS_SMALL),
        }

    async def p50_ms(self, query: str, calls: int) -> float:
        if query == "append_16":
            times = []
            for _ in range(calls):
                times += await asyncio.gather(*(_ms(self._append) for _ in range(AT_ONCE)))
            return percentile(times, 50)
        return percentile([await _ms(self.queries[query]) for _ in range(calls)], 50)

    async def _append(self) -> None:
        """A payment's first event, a balanced entry that moves a kept balance, and a claim on a key."""
        merchant = MerchantId(next(self._keys).merchant_id)
        events = (created(uuid4(), merchant_id=merchant), hold_entry(1, merchant_id=merchant))
        answer = await self._store.append(Append(events=events, claim=claim(uuid4().hex, merchant_id=merchant)))
        assert isinstance(answer, Appended), answer

    async def _payment(self) -> None:
        asked = next(self._keys)
        loaded_from(PaymentId(asked.payment_id), await self._store.history(asked.payment_id))

    async def _as_of(self) -> None:
        asked = next(self._keys)
        history = await self._store.history(asked.payment_id)
        cut(history, str(history[1].position), now=asked.created_at, head=await self._store.head())
        loaded_from(PaymentId(asked.payment_id), history)

    async def _ledger(self) -> None:
        payment_id = PaymentId(next(self._keys).payment_id)
        history = await self._store.history(payment_id)
        causes = [event.event.originator_version for event in history if isinstance(event.event.data, MoneyEvent)]
        await self._store.histories([entry_id_for(payment_id, version) for version in causes])

    async def _timeline(self) -> None:
        await self._store.head()
        await self._ledger()

    async def _search(
        self,
        *,
        status: bool = False,
        customer: bool = False,
        since: bool = False,
        until: bool = False,
        deep: bool = False,
    ) -> None:
        asked = next(self._keys)
        await self._read(
            "payment_status",
            partial(
                search,
                merchant_id=asked.merchant_id,
                rows_max=PAGE_ROWS,
                before=asked.payment_id if deep else None,
                status=Status(asked.status) if status else None,
                customer_id=asked.customer_id if customer else None,
                created_after=self._last_created if since else None,
                created_before=asked.created_at if until else None,
            ),
        )

    async def _balances(self) -> None:
        await self._read("merchant_balances", partial(of_merchant, merchant_id=next(self._keys).merchant_id))

    async def _unsettled(self) -> None:
        await self._read("unsettled", partial(unsettled, merchant_id=next(self._keys).merchant_id))

    async def _feed(self, merchant_id: str, rows_max: int) -> None:
        asked = next(self._keys)
        found = await self._read(
            "audit_timeline",
            partial(of_merchant_after, merchant_id=merchant_id, position=asked.position, positions_max=rows_max),
        )
        await self._store.at(found)

    async def _read(self, view: str, query: Callable[[psycopg.AsyncConnection[Any]], Awaitable[Any]]) -> Any:
        """As the routes do: where the view stands, then its rows."""
        async with self._pool.connection() as connection:
            await positions(connection, [VIEWS[view]])
        async with self._pool.connection() as connection:
            return await query(connection)


async def _ms(call: Callable[[], Awaitable[Any]]) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000
