"""One day's journal, added up by account and currency, as the files that book-keeping takes in."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from projections.ledger.books import Turnover

COLUMNS: Final = ("reference", "date", "account", "currency", "debit", "credit")


class SummaryLine(Struct, frozen=True, kw_only=True):
    """Minor units. `merchant:*:pending` stands for all merchants' accounts of that kind."""

    account: str
    currency: str
    debit_minor: int
    credit_minor: int


class DaySummary(Struct, frozen=True, kw_only=True):
    """What was posted on a UTC day: the entries after position `after` and up to `up_to`. `reference` is the same for
    ever. In each currency the debits equal the credits."""

    reference: str
    day: date
    after: int
    up_to: int
    lines: list[SummaryLine]


def reference_of(day: date) -> str:
    return f"TS-{day.isoformat()}"


def summary_of(day: date, turnover: Sequence[Turnover], *, after: int, up_to: int) -> DaySummary:
    lines = [
        SummaryLine(account=of.account, currency=of.currency, debit_minor=of.debit_minor, credit_minor=of.credit_minor)
        for of in turnover
    ]
    return DaySummary(reference=reference_of(day), day=day, after=after, up_to=up_to, lines=lines)


def as_csv(summary: DaySummary) -> bytes:
    """Amounts are decimal numbers."""
    rows: list[Sequence[str]] = [COLUMNS]
    for line in summary.lines:
        amounts = (decimal_text(line.debit_minor, line.currency), decimal_text(line.credit_minor, line.currency))
        rows.append((summary.reference, summary.day.isoformat(), line.account, line.currency, *amounts))
    return csv_text(rows).encode()


def as_json(summary: DaySummary) -> bytes:
    return msgspec.json.format(msgspec.json.encode(summary)) + b"\n"


def digest(content: bytes) -> bytes:
    return sha256(content).digest()
