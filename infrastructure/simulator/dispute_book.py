"""Disputes have tables of their own in the SQLite file of the books."""

import sqlite3
import time
from typing import Any, Final

from msgspec.structs import astuple

from infrastructure.simulator.charges import Charge
from infrastructure.simulator.disputed import BANK_RULES_AFTER_S, EXPECTED, Dispute, Kind, Status

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS dispute (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    charge_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    amount INTEGER NOT NULL,
    reason TEXT NOT NULL,
    respond_by REAL NOT NULL,
    ruling TEXT,
    rules_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS dispute_charge ON dispute (charge_id);
CREATE INDEX IF NOT EXISTS dispute_ruling ON dispute (rules_at) WHERE rules_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS dispute_expected (
    charge_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    due REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dispute_expected_due ON dispute_expected (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS dispute_file (
    sha256 TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"""
COLUMNS: Final = "id, charge_id, kind, status, amount, reason, respond_by"
SELECT: Final = f"SELECT {COLUMNS} FROM dispute WHERE id = ?"  # noqa: S608 - our own constant
UPSERT: Final = f"""
INSERT INTO dispute ({COLUMNS}, ruling, rules_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    kind = excluded.kind, status = excluded.status, amount = excluded.amount, respond_by = excluded.respond_by,
    ruling = excluded.ruling, rules_at = excluded.rules_at
"""  # noqa: S608 - our own constant
SELECT_RULINGS: Final = "SELECT id, ruling FROM dispute WHERE rules_at <= ? ORDER BY rules_at LIMIT 200"
SELECT_DISPUTED: Final = """
SELECT coalesce(sum(amount), 0) FROM dispute WHERE charge_id = ? AND kind = 'chargeback' AND status <> 'won'
"""
SELECT_CHARGED_BACK: Final = "SELECT coalesce(sum(amount), 0) FROM dispute WHERE charge_id = ? AND status = 'lost'"
EXPECT: Final = "INSERT OR IGNORE INTO dispute_expected (charge_id, kind, due) VALUES (?, ?, ?)"
SELECT_EXPECTED: Final = "SELECT charge_id, kind FROM dispute_expected WHERE due <= ? ORDER BY due LIMIT 200"
EXPECT_NO_MORE: Final = "UPDATE dispute_expected SET due = NULL WHERE charge_id = ?"
PUT_FILE: Final = "INSERT OR IGNORE INTO dispute_file (sha256, content) VALUES (?, ?)"
SELECT_FILE: Final = "SELECT content FROM dispute_file WHERE sha256 = ?"


class DisputeBook:
    """Disputes, their scheduled steps, and the evidence files."""

    def __init__(self, sqlite: sqlite3.Connection, *, disputed_after_s: float) -> None:
        self._sqlite = sqlite
        self._disputed_after_s = disputed_after_s
        sqlite.executescript(SCHEMA)

    def dispute(self, dispute_id: str) -> Dispute | None:
        row = self._sqlite.execute(SELECT, (dispute_id,)).fetchone()
        return None if row is None else _dispute(row)

    def put(self, dispute: Dispute, ruling: Status | None = None, rules_at: float | None = None) -> None:
        """Store a dispute, with the `ruling` of the bank at the Unix time `rules_at`.

        Without `rules_at`, a chargeback that needs a response is lost BANK_RULES_AFTER_S after its last day to
        respond.
        """
        if rules_at is None and dispute.status is Status.NEEDS_RESPONSE and dispute.kind is Kind.CHARGEBACK:
            ruling, rules_at = Status.LOST, dispute.respond_by + BANK_RULES_AFTER_S
        self._sqlite.execute(UPSERT, (*astuple(dispute), ruling, rules_at))

    def rulings(self) -> list[tuple[str, Status]]:
        """The rulings of the bank that are due by now, as dispute id and result."""
        return [(dispute_id, Status(ruling)) for dispute_id, ruling in self._due(SELECT_RULINGS)]

    def expect(self, charge: Charge) -> None:
        """Schedule a dispute of a charge whose token asks for one, after the first capture."""
        kind = EXPECTED.get(charge.token)
        if kind is not None and charge.captured:
            self._sqlite.execute(EXPECT, (charge.id, kind, time.time() + self._disputed_after_s))

    def expected(self) -> list[tuple[str, Kind]]:
        """The charges whose scheduled dispute is due by now, with the kind of dispute."""
        return [(charge_id, Kind(kind)) for charge_id, kind in self._due(SELECT_EXPECTED)]

    def expect_no_more(self, charge_id: str) -> None:
        self._sqlite.execute(EXPECT_NO_MORE, (charge_id,))

    def disputed(self, charge_id: str) -> int:
        """The amount of a charge that banks have frozen or taken, which cannot be refunded."""
        return self._sum(SELECT_DISPUTED, charge_id)

    def charged_back(self, charge_id: str) -> int:
        return self._sum(SELECT_CHARGED_BACK, charge_id)

    def put_file(self, sha256: str, content: bytes) -> None:
        self._sqlite.execute(PUT_FILE, (sha256, content))

    def file(self, sha256: str) -> bytes | None:
        row = self._sqlite.execute(SELECT_FILE, (sha256,)).fetchone()
        return None if row is None else row[0]

    def _due(self, query: str) -> list[tuple[str, str]]:
        return self._sqlite.execute(query, (time.time(),)).fetchall()

    def _sum(self, query: str, charge_id: str) -> int:
        (minor,) = self._sqlite.execute(query, (charge_id,)).fetchone()
        return int(minor)


def _dispute(row: tuple[Any, ...]) -> Dispute:
    dispute_id, charge_id, kind, status, amount, reason, respond_by = row
    return Dispute(
        id=dispute_id,
        charge_id=charge_id,
        kind=Kind(kind),
        status=Status(status),
        amount=amount,
        reason=reason,
        respond_by=respond_by,
    )
