"""Group commit of deliveries: whatever is waiting goes to the inbox in one statement, one transaction, one fsync.

There is no artificial delay: while one batch flushes the next one collects. Unlike commands, deliveries want nothing
of each other, and any number of them fit in one batch.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import psycopg

from application.webhook_in.inbox import NewDelivery
from application.work.deadline import left_s
from application.write.store import StoreFull, StoreUnavailable, WriterBusy
from domain.errors import described
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.connection.session import Session

BATCH_DELIVERIES_MAX: Final = 256
QUEUE_DELIVERIES_MAX: Final = 2048
"""At 64 KiB each no more than 128 MiB, and mostly a kilobyte or two each."""
STATEMENT_TIMEOUT_MS: Final = 5_000
CALL_WITHIN_S: Final = 6.0
"""A little above the statement's own limit."""

_INSERT = """
INSERT INTO webhook_delivery
    (delivery_id, provider, received_at, headers, body, body_sha256, state, result, next_try_at, head)
SELECT *, CASE WHEN state = 'waiting' THEN received_at END,
    (SELECT coalesce(max(notification_id), 0) FROM stored_events)
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::jsonb[], %b::bytea[], %b::bytea[], %s::text[], %s::text[])
    AS t (delivery_id, provider, received_at, headers, body, body_sha256, state, result)
"""

log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    delivery: NewDelivery
    kept: asyncio.Future[None]


class DeliveryWriter:
    """Implements application.webhook_in.inbox.Intake. Start it before the first delivery, close it after the last."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._connection: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="delivery writer")

    async def aclose(self) -> None:
        """Stop; what is still waiting, or comes later, is told that the store is unavailable, and is sent again."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _fail(self._queue, StoreUnavailable("the writer is closed"))
        self._queue.clear()
        await self._disconnect()

    async def add(self, delivery: NewDelivery) -> None:
        if self._closed:
            raise StoreUnavailable("the writer is closed")
        if len(self._queue) >= QUEUE_DELIVERIES_MAX:
            raise WriterBusy(f"{len(self._queue)} deliveries are waiting already")
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(left_s()):
                await asyncio.shield(waiting.kept)
        except TimeoutError as error:
            raise StoreUnavailable("the writer did not answer in time") from error

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_DELIVERIES_MAX))]
            if not self._queue:
                self._wake.clear()
            try:
                if batch:
                    await self._keep(batch)
            except asyncio.CancelledError:
                _fail(batch, StoreUnavailable("the writer is closed"))
                raise

    async def _keep(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._insert([waiting.delivery for waiting in batch])
        except Exception as error:  # Whatever it was, those who come after have a writer.
            log.warning("deliveries_not_kept", extra={"error": described(error), "deliveries": len(batch)})
            kind = StoreFull if isinstance(error, psycopg.errors.DiskFull) else StoreUnavailable
            _fail(batch, kind(str(error) or type(error).__name__))
            await self._disconnect()
            return
        for waiting in batch:
            if not waiting.kept.done():
                waiting.kept.set_result(None)

    async def _insert(self, deliveries: Sequence[NewDelivery]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = await Session.connect(
                bounded(self._database_url, name="tallystick deliveries", statement_timeout_ms=STATEMENT_TIMEOUT_MS),
                autocommit=True,
            )
            self._connection.answers_within_s = CALL_WITHIN_S
        columns = (
            [each.id for each in deliveries],
            [each.provider for each in deliveries],
            [each.received_at for each in deliveries],
            [msgspec.json.encode(each.headers).decode() for each in deliveries],
            [each.body for each in deliveries],
            [each.body_sha256 for each in deliveries],
            [each.state.value for each in deliveries],
            [each.result for each in deliveries],
        )
        await self._connection.execute(_INSERT, columns, prepare=True)
        self._connection.require_confirmed()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.kept.done():
            waiting.kept.set_exception(error)
