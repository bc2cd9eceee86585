"""The journal read straight from the store, in parts that several processes fold at once: every entry decoded anew, and
held against the event that caused it."""

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
"""Above this, further processes gain more than the second that it takes to start them."""
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
    """Of what is recorded, what the books need. For an entry to be decoded, its debits have to equal its credits."""

    originator_id: UUID
    originator_version: int
    data: JournalEntryPosted | MoneyEvent


class FoldedPart(NamedTuple):
    """What the entries of one part of the store, up to position `up_to`, come to, and what caused them."""

    up_to: int
    entries: int
    balances: dict[BalanceKey, int]
    causes: Causes


class UnreadableEntry(Exception):
    """The store has an entry that no entry can be: unbalanced, on an account that there is not, or no JSON at all; or
    such an event that causes one."""


async def fold_journal(database_url: str, *, up_to: int) -> AsyncIterator[FoldedPart]:
    """Every entry up to position `up_to`, part by part in order, in as many processes as there are processors.

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
            # No further ahead than keeps every process at work: what is folded is held in memory until it is taken.
            if len(folding) > 2 * processes:
                yield await asyncio.wrap_future(folding.popleft())
        while folding:
            yield await asyncio.wrap_future(folding.popleft())
    finally:
        executor.shutdown(cancel_futures=True)


def fold_part(database_url: str, after: int, up_to: int) -> FoldedPart:
    """The entries after position `after` and up to `up_to`. Raises UnreadableEntry."""
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
    """Ctrl-C reaches the whole terminal: whoever started us decides what becomes of it, and takes us along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_supervisor()
