"""Group commit: whatever is waiting goes to the database in one call, one transaction, one fsync.

There is no artificial delay: while one batch flushes the next one collects.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg.rows import tuple_row

from application.work.deadline import left_s
from application.write.store import Append, AppendResult, StoreFull, StoreUnavailable, WriterBusy
from domain.errors import described
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.connection.session import Session, fence_of
from infrastructure.postgres.event_store.append_sql import (
    APPEND_COMMANDS,
    SELECT_TYPES,
    Types,
    arguments,
    results,
    take_packed_arrays,
)
from infrastructure.postgres.event_store.batching import Waiting, next_batch
from infrastructure.postgres.event_store.command_encoding import EncodedCommand, encode
from infrastructure.postgres.event_store.mapper import EventMapper

BATCH_COMMANDS_MAX = 128
QUEUE_COMMANDS_MAX = 2048
"""Two seconds of work at a thousand commands a second, of which the writer does several: whoever would wait longer
is told at once."""
QUEUE_SETTLEMENTS_MAX = 2 * QUEUE_COMMANDS_MAX
"""What the provider has answered already is taken in for longer than what would begin something new."""
STATEMENT_TIMEOUT_MS = 5_000
CALL_WITHIN_S = 6.0
"""A little above the statement's own limit: whoever answers at all has answered by then. Nobody waits so long for a
batch but what a provider has answered already."""
UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError)
"""What a command raises that no store could take: text that is none, an event twice."""

log = logging.getLogger(__name__)


class _Connected(NamedTuple):
    connection: Session
    types: Types


class BatchWatcher(Protocol):
    """Told of each batch as it is taken: its commands, and how many are left waiting."""

    def __call__(self, *, commands: int, waiting: int) -> None: ...


def unwatched(*, commands: int, waiting: int) -> None:
    pass


class Committer:
    """The only writer of its process. Start it before the first append and close it after the last."""

    def __init__(self, database_url: str, mapper: EventMapper, watcher: BatchWatcher = unwatched) -> None:
        self._database_url = database_url
        self._watcher = watcher
        self._mapper = mapper
        self._queue: deque[Waiting] = deque()
        self._numbers = count(1)
        self._wake = asyncio.Event()
        self._connection: _Connected | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="committer")

    async def aclose(self) -> None:
        """Stop; what is still waiting, or comes later, is told that the store is unavailable."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _fail(self._queue, StoreUnavailable("the writer is closed"))
        self._queue.clear()
        await self._disconnect()

    async def append(self, append: Append) -> AppendResult:
        """Append in the next batch. Raises StoreUnavailable; WriterBusy, at once, when too many wait already; and what
        is UNSTORABLE. The latter two took no effect.

        Once the request's deadline has passed, what would begin something new is left out if it has not been sent yet;
        what a provider has answered is appended nevertheless."""
        if self._closed:
            raise StoreUnavailable("the writer is closed")
        records_external_effect = append.records_external_effect or append.settlement is not None
        commands_max = QUEUE_SETTLEMENTS_MAX if records_external_effect else QUEUE_COMMANDS_MAX
        if len(self._queue) >= commands_max:
            raise WriterBusy(f"{len(self._queue)} commands are waiting already")
        waiting = Waiting(self._encode(append), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(left_s()):
                return await (asyncio.shield(waiting.answer) if records_external_effect else waiting.answer)
        except TimeoutError as error:
            raise StoreUnavailable("the writer did not answer in time") from error

    def _encode(self, append: Append) -> EncodedCommand:
        try:
            return encode(next(self._numbers), append, self._mapper)
        except UNSTORABLE as error:
            log.error("append_unstorable", extra={"error": described(error)})
            raise

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = next_batch(self._queue, commands_max=BATCH_COMMANDS_MAX)
            if not self._queue:
                self._wake.clear()
            try:
                if batch:
                    self._watcher(commands=len(batch), waiting=len(self._queue))
                    await self._commit(batch)
            except asyncio.CancelledError:
                _fail(batch, StoreUnavailable("the writer is closed"))
                raise
            except Exception as error:  # Whatever it was, those who come after have a writer.
                await self._give_up(batch, error)

    async def _commit(self, batch: Sequence[Waiting]) -> None:
        commands = [waiting.command for waiting in batch]
        try:
            cursor = await self._call(commands)
        except UNSTORABLE as error:
            await self._commit_apart(batch, error)
            return
        except psycopg.errors.DiskFull as error:
            log.error("store_full", extra={"error": described(error), "commands": len(batch)})
            _fail(batch, StoreFull(described(error)))
            return
        except Exception as error:
            await self._give_up(batch, error)
            return
        try:
            # The batch is committed: whatever is wrong with its rows, it is not sent again.
            answers = results(commands, await cursor.fetchall())
        except Exception as error:
            await self._give_up(batch, error)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _commit_apart(self, batch: Sequence[Waiting], error: Exception) -> None:
        """One of `batch` cannot be stored: halve it until that one stands alone and fails nobody else."""
        if len(batch) == 1:
            log.error("append_unstorable", extra={"error": described(error)})
            _fail(batch, error)
            return
        middle = len(batch) // 2
        await self._commit(batch[:middle])
        await self._commit(batch[middle:])

    async def _give_up(self, batch: Sequence[Waiting], error: Exception) -> None:
        """Nobody knows whether `batch` took effect."""
        reason = described(error)
        log.warning("append_failed", extra={"error": reason, "commands": len(batch)})
        _fail(batch, StoreUnavailable(reason))
        await self._disconnect()

    async def _call(self, commands: Sequence[EncodedCommand]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        """The rows of a batch that is committed. What is UNSTORABLE is raised only where it is not."""
        connection, types = await self._connected()
        cursor = connection.cursor(binary=True, row_factory=tuple_row)
        # What this process knows of, not what this server says: the function compares.
        epoch = fence_of(self._database_url).epoch or None
        connection.answers_within_s = CALL_WITHIN_S
        await cursor.execute(APPEND_COMMANDS, arguments(commands, types, epoch=epoch), prepare=True)
        connection.require_confirmed()
        return cursor

    async def _connected(self) -> _Connected:
        if self._connection is None or self._connection.connection.closed:
            self._connection = await self._connect()
        return self._connection

    async def _connect(self) -> _Connected:
        connection = await Session.connect(
            bounded(self._database_url, name="tallystick committer", statement_timeout_ms=STATEMENT_TIMEOUT_MS),
            autocommit=True,
        )
        connection.answers_within_s = CALL_WITHIN_S
        take_packed_arrays(connection)
        [types] = await (await connection.execute(SELECT_TYPES)).fetchall()
        return _Connected(connection, Types(*types))

    async def _disconnect(self) -> None:
        connected, self._connection = self._connection, None
        if connected is not None:
            await connected.connection.close()


def _fail(batch: Iterable[Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
