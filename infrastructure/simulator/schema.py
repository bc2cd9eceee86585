"""The books have these tables, and a file of the first version is migrated in place."""

import sqlite3
from typing import Final

FIRST: Final = """
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
SECOND: Final = """
BEGIN;
ALTER TABLE charge ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN decision TEXT NOT NULL DEFAULT 'approved';
ALTER TABLE charge ADD COLUMN action BLOB;
CREATE INDEX charge_waiting ON charge (number) WHERE decision = 'requires_action';
CREATE TABLE pending (
    key TEXT PRIMARY KEY,
    charge_id TEXT NOT NULL,
    due REAL,
    approves INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_due ON pending (due) WHERE due IS NOT NULL;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    due REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    notice BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due, number);
PRAGMA user_version = 2;
COMMIT;
"""
THIRD: Final = """
BEGIN;
CREATE TABLE movement (
    number INTEGER PRIMARY KEY,
    movement TEXT NOT NULL,
    key TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL
) STRICT;
PRAGMA user_version = 3;
COMMIT;
"""
FOURTH: Final = """
BEGIN;
CREATE TABLE happened (
    number INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    notice BLOB NOT NULL
) STRICT;
CREATE INDEX happened_at ON happened (at, number);
PRAGMA user_version = 4;
COMMIT;
"""


def migrate(sqlite: sqlite3.Connection) -> None:
    """Create or migrate the tables; a repeated call changes nothing."""
    sqlite.executescript(FIRST)
    (version,) = sqlite.execute("PRAGMA user_version").fetchone()
    if version < 2:
        sqlite.executescript(SECOND)
    if version < 3:
        sqlite.executescript(THIRD)
    if version < 4:
        sqlite.executescript(FOURTH)
