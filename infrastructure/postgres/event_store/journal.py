"""The journal is folded from the stored events by several processes, with the causes that its entries have to match."""

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import NamedTuple
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct

from domain.event import name_of
from domain.ledger.accounts import UnknownAccount
from domain.ledger.balances import BalanceKey, post
from domain.ledger.causes import MONEY_EVENTS, MONEY_EVENTS_BEFORE, Causes
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import MoneyEvent
from domain.ledger.superseded import JournalEntryPostedV1
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from infrastructure.serving import die_with_supervisor

PART_POSITIONS = 50_000
FETCH_ENTRIES_MAX = 2_000
PARTS_ALONE_MAX = 8
"""The number of parts up to which one process folds all of them: to start others takes a second, more than they would
save."""
PROCESSES_MAX = 8
STATEMENT_TIMEOUT_MS = 60_000

_SELECT_ENTRIES = """
SELECT notification_id, topic, state FROM stored_events
WHERE notification_id > %b AND notification_id <= %b AND topic = ANY(%b) ORDER BY notification_id
"""
_ENTRY, _ENTRY_BEFORE = name_of(JournalEntryPosted), name_of(JournalEntryPostedV1)
ENTRIES = (_ENTRY, _ENTRY_BEFORE)
_BEFORE = {_ENTRY_BEFORE, *MONEY_EVENTS_BEFORE}
_BOOKED = [_ENTRY, *MONEY_EVENTS, *_BEFORE]


class _Stored(Struct):
    """The fields of a recorded event that the books need. An entry whose debits and credits differ is not decoded."""

    originator_id: UUID
    originator_version: int
    data: JournalEntryPosted | MoneyEvent


class FoldedPart(NamedTuple):
    """The balances, the number of entries and their causes in one part of the store, whose last position is `up_to`."""

    up_to: int
    entries: int
    balances: dict[BalanceKey, int]
    causes: Causes


class UnreadableEntry(Exception):
    """The store has a journal entry that is unbalanced, on an unknown account, or not JSON; or an event that causes an
    entry cannot be decoded."""


async def fold_journal(database_url: str, *, up_to: int) -> AsyncIterator[FoldedPart]:
    """The folded parts up to position `up_to`, in order, from a process for each processor, PROCESSES_MAX at most.

    Raises UnreadableEntry, which names the position.
    """
    parts = [(after, min(after + PART_POSITIONS, up_to)) for after in range(0, up_to, PART_POSITIONS)]
    if len(parts) <= PARTS_ALONE_MAX:
        for after, last in parts:
            yield await asyncio.to_thread(fold_part, database_url, after, last)
        return
    processes = min(os.cpu_count() or 1, PROCESSES_MAX)
    executor = ProcessPoolExecutor(
        processes,
        # A forked child would share our connections and event loop.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        folding = deque[Future[FoldedPart]]()
        for after, last in parts:
            folding.append(executor.submit(fold_part, database_url, after, last))
            # Only as far ahead as keeps every process at work: folded parts stay in memory until they are consumed.
            if len(folding) > 2 * processes:
                yield await asyncio.wrap_future(folding.popleft())
        while folding:
            yield await asyncio.wrap_future(folding.popleft())
    finally:
        executor.shutdown(cancel_futures=True)


def fold_part(database_url: str, after: int, up_to: int) -> FoldedPart:
    """Fold the events after position `after` and up to `up_to`. Raises UnreadableEntry."""
    decode = msgspec.json.Decoder(_Stored).decode
    decode_before = MsgspecTranscoder().decode
    balances: dict[BalanceKey, int] = {}
    causes = Causes()
    entries = 0
    url = bounded(database_url, name="tallystick ledger verify", statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    with psycopg.connect(url) as connection, connection.cursor(name="entries", binary=True) as cursor:
        cursor.execute(_SELECT_ENTRIES, (after, up_to, _BOOKED))
        while rows := cursor.fetchmany(FETCH_ENTRIES_MAX):
            for position, topic, state in rows:
                try:
                    stored = decode(msgspec.json.encode(decode_before(state)) if topic in _BEFORE else state)
                    if isinstance(stored.data, JournalEntryPosted):
                        post(balances, stored.data)
                        entries += 1
                    causes.take_in(position, stored.originator_id, stored.originator_version, stored.data)
                except (msgspec.MsgspecError, UnicodeDecodeError, UnknownAccount) as error:
                    what = "journal entry" if topic in ENTRIES else topic
                    raise UnreadableEntry(f"the {what} at position {position} cannot be read: {error}") from None
    return FoldedPart(up_to, entries, balances, causes)


def _begin() -> None:
    """Ignore Ctrl-C, which reaches every process of the terminal: the parent handles the signal, and this process ends
    with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_supervisor()
