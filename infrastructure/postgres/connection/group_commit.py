"""Group commit: waiting entries go to the database in one call, one transaction and one fsync."""

# The next batch collects while the present one is committed; under load commits also keep a distance.

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

import psycopg

from application.work.deadline import left_s
from application.write.store import StoreFull, StoreUnavailable, WriterBusy
from domain.errors import described
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.connection.pace import Pace
from infrastructure.postgres.connection.session import Session

GROUP_WORTH_A_COMMIT: Final = 16
"""So many entries wait for no others: a pause would only bound what can be committed in a second."""

Entry = TypeVar("Entry")
Answer = TypeVar("Answer")


class Waiting(NamedTuple, Generic[Entry, Answer]):
    entry: Entry
    answer: asyncio.Future[Answer]


class GroupCommit(ABC, Generic[Entry, Answer]):
    """A process' only writer of one kind of entries; `start` comes before the first entry and `aclose` after the last.

    A batch is sent once. Where the connection is lost, the batch may have taken effect or not: its senders get
    StoreUnavailable, and the next batch has a new connection.
    """

    name: ClassVar[str]
    entries: ClassVar[str]
    """The entries' name in messages."""
    statement_timeout_ms: ClassVar[int]
    unstorable: ClassVar[tuple[type[Exception], ...]] = ()
    """The errors that mean that an entry of the batch cannot be stored, and that no entry was."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._queue: deque[Waiting[Entry, Answer]] = deque()
        self._wake = asyncio.Event()
        self._pace = Pace()
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def aclose(self) -> None:
        """Stop the writer: waiting entries and later ones fail with StoreUnavailable."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _fail(self._queue, StoreUnavailable("the writer is closed"))
        self._queue.clear()
        await self._disconnect()

    @abstractmethod
    def _next_batch(self, queue: deque[Waiting[Entry, Answer]]) -> list[Waiting[Entry, Answer]]:
        """Take the entries of the next batch out of `queue`."""

    def _batch_taken(self, *, size: int) -> None:
        """Called for each batch before its commit."""

    @abstractmethod
    async def _prepare(self, session: Session) -> None:
        """Set up a new session."""

    @abstractmethod
    async def _write(self, session: Session, batch: Sequence[Entry]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        """Commit a batch; the cursor on its rows. Raises `unstorable` errors only where the batch was not committed."""

    @abstractmethod
    async def _answers(
        self, batch: Sequence[Entry], rows: psycopg.AsyncCursor[tuple[Any, ...]]
    ) -> Sequence[Answer]: ...

    @abstractmethod
    def _report(self, error: Exception, *, size: int) -> None:
        """Log that a batch was not committed, or that its commit is unknown."""

    def _require_room(self, queue_max: int) -> None:
        """Raises WriterBusy where `queue_max` entries wait already; StoreUnavailable after `aclose`."""
        if self._closed:
            raise StoreUnavailable("the writer is closed")
        if len(self._queue) >= queue_max:
            raise WriterBusy(f"{len(self._queue)} {self.entries} are waiting already")

    async def _commit_next(self, entry: Entry, *, must_be_kept: bool) -> Answer:
        """The answer of the batch that takes `entry`. Raises StoreUnavailable, at the request's deadline at the latest,
        and errors that are `unstorable`.

        An entry that `must_be_kept` is committed even where its sender gives up; any other is dropped, if it has not
        been sent yet.
        """
        waiting = Waiting(entry, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(left_s()):
                return await (asyncio.shield(waiting.answer) if must_be_kept else waiting.answer)
        except TimeoutError as error:
            raise StoreUnavailable("the writer did not answer in time") from error

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if len(self._queue) < GROUP_WORTH_A_COMMIT and (pause_s := self._pace.pause_s(time.monotonic())) > 0:
                await asyncio.sleep(pause_s)
            batch = self._next_batch(self._queue)
            if not self._queue:
                self._wake.clear()
            try:
                if batch:
                    self._pace.begin(time.monotonic(), entries=len(batch))
                    self._batch_taken(size=len(batch))
                    await self._commit(batch)
            except asyncio.CancelledError:
                _fail(batch, StoreUnavailable("the writer is closed"))
                raise
            except Exception as error:  # Whatever it was, later entries have a writer.
                await self._give_up(batch, error)

    async def _commit(self, batch: Sequence[Waiting[Entry, Answer]]) -> None:
        entries = [waiting.entry for waiting in batch]
        try:
            session = await self._connected()
        except Exception as error:  # Nothing that is wrong with an entry.
            await self._give_up(batch, error)
            return
        try:
            rows = await self._write(session, entries)
        except self.unstorable as error:
            await self._commit_apart(batch, error)
            return
        except psycopg.errors.DiskFull as error:
            self._report(error, size=len(batch))
            _fail(batch, StoreFull(described(error)))
            return
        except Exception as error:
            await self._give_up(batch, error)
            return
        try:
            # The batch is committed: whatever is wrong with its rows, it is not sent again.
            answers = await self._answers(entries, rows)
        except Exception as error:
            await self._give_up(batch, error)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _commit_apart(self, batch: Sequence[Waiting[Entry, Answer]], error: Exception) -> None:
        """Commit a batch with an entry that cannot be stored in halves, until only that entry fails."""
        if len(batch) == 1:
            _fail(batch, error)
            return
        middle = len(batch) // 2
        await self._commit(batch[:middle])
        await self._commit(batch[middle:])

    async def _give_up(self, batch: Sequence[Waiting[Entry, Answer]], error: Exception) -> None:
        """Fail the batch with StoreUnavailable, as its effect is unknown, and drop the connection."""
        self._report(error, size=len(batch))
        _fail(batch, StoreUnavailable(described(error)))
        await self._disconnect()

    async def _connected(self) -> Session:
        if self._session is None or self._session.closed:
            session = await Session.connect(
                bounded(
                    self._database_url,
                    name=f"tallystick {self.name}",
                    statement_timeout_ms=self.statement_timeout_ms,
                ),
                autocommit=True,
            )
            try:
                await self._prepare(session)
            except BaseException:
                # Its handler of notices refers to it: unended, it would hold a connection of the database for long.
                await session.close()
                raise
            self._session = session
        return self._session

    async def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(psycopg.Error):
                await session.close()


def _fail(batch: Iterable[Waiting[Any, Any]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
