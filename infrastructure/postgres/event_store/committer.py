"""Group commit of appends: waiting commands that do not conflict with each other go to the database in one call."""

import logging
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any, Protocol

import psycopg
from psycopg.rows import tuple_row

from application.write.store import Append, AppendResult
from domain.errors import described
from infrastructure.postgres.connection.group_commit import GroupCommit
from infrastructure.postgres.connection.session import Session, fence_of
from infrastructure.postgres.event_store.append_sql import (
    APPEND_COMMANDS,
    SELECT_TYPES,
    Types,
    arguments,
    results,
    take_packed_arrays,
)
from infrastructure.postgres.event_store.batching import WaitingCommand, next_batch
from infrastructure.postgres.event_store.command_encoding import EncodedCommand, encode
from infrastructure.postgres.event_store.mapper import EventMapper

BATCH_COMMANDS_MAX = 128
QUEUE_COMMANDS_MAX = 2048
"""A full queue is two seconds of work at a thousand commands a second, and the writer does several thousand; a further
command is refused at once."""
QUEUE_SETTLEMENTS_MAX = 2 * QUEUE_COMMANDS_MAX
"""The limit for the appends of providers' answers, which are accepted where new commands are refused already."""
STATEMENT_TIMEOUT_MS = 5_000
CALL_WITHIN_S = 6.0
"""The limit of the call, a little above the statement's own: a server that answers at all has answered by then. Only
the append of a provider's answer waits so long; a new command ends at its request's deadline."""
UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError)
"""The errors of a command that cannot be stored: invalid text, a duplicate event."""

log = logging.getLogger(__name__)


class BatchWatcher(Protocol):
    """Receives, for each batch taken from the queue, the numbers of its commands and of commands still waiting."""

    def __call__(self, *, commands: int, waiting: int) -> None: ...


def unwatched(*, commands: int, waiting: int) -> None:
    pass


class Committer(GroupCommit[EncodedCommand, AppendResult]):
    """The only writer of events of its process."""

    name = "committer"
    entries = "commands"
    statement_timeout_ms = STATEMENT_TIMEOUT_MS
    unstorable = UNSTORABLE

    def __init__(self, database_url: str, mapper: EventMapper, watcher: BatchWatcher = unwatched) -> None:
        super().__init__(database_url)
        self._watcher = watcher
        self._mapper = mapper
        self._numbers = count(1)
        self._types: Types

    async def append(self, append: Append) -> AppendResult:
        """Append in one of the next batches. Raises StoreUnavailable; WriterBusy, at once, where too many commands
        wait already; and UNSTORABLE errors. After the latter two nothing was appended.

        Once the request's deadline has passed, a new command that has not been sent yet is dropped; a provider's answer
        is appended nevertheless."""
        records_external_effect = append.records_external_effect or append.settlement is not None
        self._require_room(QUEUE_SETTLEMENTS_MAX if records_external_effect else QUEUE_COMMANDS_MAX)
        try:
            command = encode(next(self._numbers), append, self._mapper)
            return await self._commit_next(command, must_be_kept=records_external_effect)
        except UNSTORABLE as error:
            log.error("append_unstorable", extra={"error": described(error)})
            raise

    def _next_batch(self, queue: deque[WaitingCommand]) -> list[WaitingCommand]:
        return next_batch(queue, commands_max=BATCH_COMMANDS_MAX)

    def _batch_taken(self, *, size: int) -> None:
        self._watcher(commands=size, waiting=len(self._queue))

    async def _prepare(self, session: Session) -> None:
        session.answers_within_s = CALL_WITHIN_S
        take_packed_arrays(session)
        [types] = await (await session.execute(SELECT_TYPES)).fetchall()
        self._types = Types(*types)

    async def _write(self, session: Session, batch: Sequence[EncodedCommand]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        cursor = session.cursor(binary=True, row_factory=tuple_row)
        # The epoch that this process knows, not the server's own: the function compares the two.
        epoch = fence_of(self._database_url).epoch or None
        session.answers_within_s = CALL_WITHIN_S
        await cursor.execute(APPEND_COMMANDS, arguments(batch, self._types, epoch=epoch), prepare=True)
        session.require_confirmed()
        return cursor

    async def _answers(
        self, batch: Sequence[EncodedCommand], rows: psycopg.AsyncCursor[tuple[Any, ...]]
    ) -> Sequence[AppendResult]:
        return results(batch, await rows.fetchall())

    def _report(self, error: Exception, *, size: int) -> None:
        if isinstance(error, psycopg.errors.DiskFull):
            log.error("store_full", extra={"error": described(error), "commands": size})
        else:
            log.warning("append_failed", extra={"error": described(error), "commands": size})
