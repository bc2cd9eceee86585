"""The bank keeps its books in an SQLite file of its own, in which an answered file survives kill -9 of the process."""

# A report gets its number when the report falls due: a reader that has seen a number has seen all lower numbers.

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from infrastructure.simulator.bank.message import Message
from infrastructure.simulator.bank.scripted_reports import Status, scripted_reports
from infrastructure.simulator.bank.wire import BankBooks, BankBooksLine, Report

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    reference TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    creditor TEXT NOT NULL,
    account TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS payment_end_to_end_id ON payment (end_to_end_id);
CREATE TABLE IF NOT EXISTS coming (
    number INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL,
    due REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS coming_due ON coming (due, number);
CREATE TABLE IF NOT EXISTS report (
    number INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL,
    at REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT
) STRICT;
"""
SELECT_MESSAGE: Final = "SELECT digest, reference FROM message WHERE id = ?"
INSERT_MESSAGE: Final = "INSERT INTO message (id, digest, reference) VALUES (?, ?, ?)"
INSERT_PAYMENT: Final = """
INSERT INTO payment (message_id, end_to_end_id, amount, currency, creditor, account, status)
VALUES (?, ?, ?, ?, ?, ?, 'received')
"""
INSERT_COMING: Final = "INSERT INTO coming (payment, due, status, reason) VALUES (?, ?, ?, ?)"
SELECT_DUE: Final = "SELECT number, payment, due, status, reason FROM coming WHERE due <= ? ORDER BY due, number"
INSERT_REPORT: Final = "INSERT INTO report (payment, at, status, reason) VALUES (?, ?, ?, ?)"
SET_STATUS: Final = "UPDATE payment SET status = ?, reason = ? WHERE number = ?"
DELETE_COMING: Final = "DELETE FROM coming WHERE number = ?"
SELECT_REPORTS: Final = """
SELECT report.number, message_id, end_to_end_id, report.status, report.reason, report.at
FROM report JOIN payment ON payment.number = report.payment
WHERE report.number > ? ORDER BY report.number LIMIT ?
"""
SELECT_PAYMENTS: Final = """
SELECT number, message_id, end_to_end_id, amount, currency, creditor, account, status, reason,
       (SELECT count(*) FROM payment AS same WHERE same.end_to_end_id = payment.end_to_end_id)
FROM payment WHERE number > ? ORDER BY number LIMIT ?
"""


class OtherMessage(Exception):
    """Another file was sent before with the same message id."""


class Register:
    """The bank's books in the folder `data`, used from one thread; `delay_s` is the usual delay of a report."""

    def __init__(self, data: Path, delay_s: float) -> None:
        self._delay_s = delay_s
        self._sqlite = sqlite3.connect(data / "bank.sqlite3", isolation_level=None)
        self._sqlite.execute("PRAGMA journal_mode = WAL")
        self._sqlite.execute("PRAGMA synchronous = OFF")
        self._sqlite.executescript(SCHEMA)

    def close(self) -> None:
        self._sqlite.close()

    def taken(self, message_id: str, content: bytes) -> str | None:
        """The reference of a file that was accepted before; None for a new message. Raises OtherMessage."""
        row = self._sqlite.execute(SELECT_MESSAGE, (message_id,)).fetchone()
        if row is None:
            return None
        digest, reference = row
        if digest != _digest(content):
            raise OtherMessage(message_id)
        return str(reference)

    def take(self, message: Message, content: bytes) -> str:
        """Accept the whole file, unless it was accepted before, and return its reference. Raises OtherMessage."""
        with self._sqlite:
            self._sqlite.execute("BEGIN IMMEDIATE")
            reference = self.taken(message.id, content)
            if reference is not None:
                return reference
            reference = f"BANK-{_digest(content).hex()[:16].upper()}"
            self._sqlite.execute(INSERT_MESSAGE, (message.id, _digest(content), reference))
            now = time.time()
            for payment in message.payments:
                row = (message.id, payment.end_to_end_id, payment.amount, payment.currency, payment.creditor)
                number = self._sqlite.execute(INSERT_PAYMENT, (*row, payment.account)).lastrowid
                for step in scripted_reports(payment.creditor):
                    due = now + step.delays * self._delay_s
                    self._sqlite.execute(INSERT_COMING, (number, due, step.status, step.reason))
            return reference

    def reports(self, after: int, reports_max: int) -> Sequence[Report]:
        """The reports that are due by now, with numbers above `after`."""
        self._settle()
        rows = self._sqlite.execute(SELECT_REPORTS, (after, reports_max)).fetchall()
        return [
            Report(f"{number}", message_id, end_to_end_id, Status(status), reason, datetime.fromtimestamp(at, UTC))
            for number, message_id, end_to_end_id, status, reason, at in rows
        ]

    def books(self, after: int, payments_max: int) -> BankBooks:
        self._settle()
        rows = self._sqlite.execute(SELECT_PAYMENTS, (after, payments_max)).fetchall()
        return BankBooks([BankBooksLine(*row[1:]) for row in rows], rows[-1][0] if len(rows) == payments_max else None)

    def _settle(self) -> None:
        """Turn each scheduled step that is due by now into a report."""
        with self._sqlite:
            self._sqlite.execute("BEGIN IMMEDIATE")
            for number, payment, due, status, reason in self._sqlite.execute(SELECT_DUE, (time.time(),)).fetchall():
                self._sqlite.execute(INSERT_REPORT, (payment, due, status, reason))
                self._sqlite.execute(SET_STATUS, (status, reason, payment))
                self._sqlite.execute(DELETE_COMING, (number,))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
