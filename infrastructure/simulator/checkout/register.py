"""Requests in Checkout.com's dialect are kept in an SQLite file of their own beside the books."""

# A request is stored before the books carry it out, and counts only if the books did so: a process that is killed in
# between leaves a line that no answer shows.

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from infrastructure.simulator.checkout.wire import Metadata
from infrastructure.simulator.tokens import Operation

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS asked (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    operation TEXT NOT NULL,
    payment TEXT,
    told TEXT,
    reference TEXT,
    asked BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS asked_payment ON asked (payment);
CREATE INDEX IF NOT EXISTS asked_reference ON asked (reference);
"""
INSERT: Final = "INSERT OR IGNORE INTO asked (key, operation, payment, reference, asked) VALUES (?, ?, ?, ?, ?)"
SET_TOLD: Final = """
UPDATE asked SET told = ?1, payment = CASE operation WHEN 'charge' THEN ?1 ELSE payment END WHERE key = ?2
"""
SELECT_BY_KEY: Final = "SELECT told, asked FROM asked WHERE key = ?"
SELECT_PAYMENTS: Final = (
    "SELECT told, asked FROM asked WHERE reference = ? AND operation = 'charge' ORDER BY number DESC"
)
SELECT_OF_PAYMENT: Final = "SELECT told, asked FROM asked WHERE payment = ? ORDER BY number"


class Asked(Struct, frozen=True, kw_only=True):
    """One request under its idempotency key; `amount` is in the books' minor units.

    `told` is the id of the created payment or action, from the moment at which a client may know the id.
    """

    key: str
    operation: Operation
    reference: str | None
    metadata: Metadata
    amount: int
    currency: str
    token: str
    capture: bool
    at: datetime
    told: str | None = None


class Register:
    """The requests in the folder `data`, used from one thread; each call takes microseconds."""

    def __init__(self, data: Path) -> None:
        self._sqlite = sqlite3.connect(data / "checkout.sqlite3", isolation_level=None)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = OFF")
        self._sqlite.executescript(SCHEMA)

    def close(self) -> None:
        self._sqlite.close()

    def add(self, asked: Asked, payment: str | None) -> None:
        """Store a request; an existing key keeps its first request.

        `payment` is the payment that the request would move, None for a request that creates a payment.
        """
        row = (asked.key, asked.operation, payment, asked.reference, msgspec.json.encode(asked))
        self._sqlite.execute(INSERT, row)

    def name(self, key: str, told: str) -> None:
        """Set the id of the payment or action that the request under `key` created."""
        self._sqlite.execute(SET_TOLD, (told, key))

    def by_key(self, key: str) -> Asked | None:
        found = self._read(SELECT_BY_KEY, key)
        return found[0] if found else None

    def payments(self, reference: str) -> Sequence[Asked]:
        """The requests for payments with this reference, the latest first."""
        return self._read(SELECT_PAYMENTS, reference)

    def of_payment(self, payment: str) -> Sequence[Asked]:
        """The request that created `payment`, and all requests that would move it, in order."""
        return self._read(SELECT_OF_PAYMENT, payment)

    def _read(self, query: str, wanted: str) -> Sequence[Asked]:
        rows = self._sqlite.execute(query, (wanted,)).fetchall()
        return [replace(msgspec.json.decode(asked, type=Asked), told=told) for told, asked in rows]
