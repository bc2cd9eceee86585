"""The stored journal entries, read in batches in order of position."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
import psycopg

from domain.history import Positioned
from domain.ledger.accounts import UnknownAccount, account
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres.connection.connecting import bounded
from infrastructure.postgres.event_store.journal import (
    ENTRIES,
    FETCH_ENTRIES_MAX,
    STATEMENT_TIMEOUT_MS,
    UnreadableEntry,
)
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder

_SELECT_ENTRIES = """
SELECT notification_id, state FROM stored_events
WHERE notification_id > %b AND notification_id <= %b AND topic = ANY(%b) ORDER BY notification_id LIMIT %b
"""


def posted_entries(database_url: str, *, up_to: int, until: datetime | None = None) -> Iterator[Sequence[Positioned]]:
    """The entries up to position `up_to`; with `until`, only those before the first entry recorded after that time.

    Each batch is a statement of its own, so that no transaction stays open while the caller works. Raises
    UnreadableEntry, which names the position.
    """
    decode = MsgspecTranscoder().decode
    position = 0
    url = bounded(database_url, name="tallystick ledger export", statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor(binary=True) as cursor:
        while True:
            cursor.execute(_SELECT_ENTRIES, (position, up_to, list(ENTRIES), FETCH_ENTRIES_MAX), prepare=True)
            batch: list[Positioned] = []
            for position, state in cursor.fetchall():
                try:
                    entry = Positioned(position, decode(state))
                    _require_known_accounts(entry)
                except (msgspec.MsgspecError, UnicodeDecodeError, UnknownAccount) as error:
                    raise UnreadableEntry(f"the journal entry at position {position} cannot be read: {error}") from None
                if until is not None and entry.event.recorded_at > until:
                    yield batch
                    return
                batch.append(entry)
            if not batch:
                return
            yield batch


def _require_known_accounts(entry: Positioned) -> None:
    assert isinstance(entry.event.data, JournalEntryPosted)
    for posting in entry.event.data.postings:
        account(posting.account)
