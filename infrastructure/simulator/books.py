"""The provider's books in one SQLite file: what was committed is kept over kill -9 of the process.

WAL with `synchronous=OFF` hands each commit to the operating system before it is answered, so nothing is lost with the
process, and never waits for the disk: that belongs to those who have money to keep. A power cut could take it all.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.wire import BooksLine, BooksPage

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS charge (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    currency TEXT NOT NULL,
    token TEXT NOT NULL,
    authorized INTEGER NOT NULL,
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    voided INTEGER NOT NULL,
    released INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS charge_reference ON charge (reference);
CREATE TABLE IF NOT EXISTS operation (
    key TEXT PRIMARY KEY,
    operation TEXT NOT NULL,
    request BLOB NOT NULL,
    http_status INTEGER NOT NULL,
    answer BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"""
SELECT_OPERATION: Final = "SELECT operation, request, http_status, answer FROM operation WHERE key = ?"
INSERT_OPERATION: Final = """
INSERT INTO operation (key, operation, request, http_status, answer) VALUES (?, ?, ?, ?, ?)
"""
SELECT_CHARGE: Final = """
SELECT id, reference, currency, token, authorized, captured, refunded, voided, released FROM charge WHERE id = ?
"""
UPSERT_CHARGE: Final = """
INSERT INTO charge (id, reference, currency, token, authorized, captured, refunded, voided, released)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    captured = excluded.captured, refunded = excluded.refunded, voided = excluded.voided, released = excluded.released
"""
SELECT_PAGE: Final = """
SELECT number, id, reference, currency, token, authorized, captured, refunded, voided, released,
       (SELECT count(*) FROM charge AS same WHERE same.reference = charge.reference)
FROM charge WHERE number > ? ORDER BY number LIMIT ?
"""


class StoredOperation(Struct, frozen=True):
    """One request ever made under a key, and the answer that was decided."""

    operation: str
    request: bytes
    http_status: int
    answer: bytes


class Books:
    """Charges and operations, kept in the folder `data`; used from one thread, and every call takes microseconds."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sqlite = sqlite3.connect(data / "simulator.sqlite3", isolation_level=None)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = OFF")
        self._sqlite.executescript(SCHEMA)

    def close(self) -> None:
        self._sqlite.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is committed at its end, or nothing of it."""
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sqlite.execute("COMMIT")
        except BaseException:
            self._sqlite.execute("ROLLBACK")
            raise

    def operation(self, key: str) -> StoredOperation | None:
        row = self._sqlite.execute(SELECT_OPERATION, (key,)).fetchone()
        return None if row is None else StoredOperation(*row)

    def add_operation(self, key: str, operation: StoredOperation) -> None:
        self._sqlite.execute(INSERT_OPERATION, (key, *astuple(operation)))

    def charge(self, charge_id: str) -> Charge | None:
        row = self._sqlite.execute(SELECT_CHARGE, (charge_id,)).fetchone()
        return None if row is None else Charge(*row)

    def put_charge(self, charge: Charge) -> None:
        self._sqlite.execute(UPSERT_CHARGE, astuple(charge))

    def page(self, after: int, limit: int) -> BooksPage:
        """At most `limit` charges behind cursor `after`, in the order they were made."""
        rows = self._sqlite.execute(SELECT_PAGE, (after, limit + 1)).fetchall()
        lines = [BooksLine(*charge, charges_of_reference=count) for _, *charge, count in rows[:limit]]
        return BooksPage(lines, next_after=rows[limit - 1][0] if len(rows) > limit else None)
