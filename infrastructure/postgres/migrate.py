"""The schema, as numbered SQL files applied once each, in order, under a lock, in one transaction."""

import hashlib
from pathlib import Path

import psycopg

from infrastructure.postgres import locks

FOLDER = Path(__file__).parent / "migrations"

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_SELECT_APPLIED = "SELECT name, sha256 FROM schema_migration"
_INSERT_APPLIED = "INSERT INTO schema_migration (name, sha256) VALUES (%s, %s)"


class MigrationChanged(Exception):
    """An applied migration's file is not what was applied."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the migration {name} is not the one that was applied to this database: it was edited since. "
            "Restore the file, and make the change in a new one."
        )


def migrate(database_url: str) -> list[str]:
    """Apply the migrations that the database does not have yet, and name them.

    Raises MigrationChanged, and psycopg.Error when one fails, in which case none of them is applied.
    """
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.MIGRATE,))
        connection.execute(_CREATE_TABLE)
        applied: dict[str, str] = dict(connection.execute(_SELECT_APPLIED).fetchall())
        news = []
        for file in sorted(FOLDER.glob("*.sql")):
            sql = file.read_bytes()
            sha256 = hashlib.sha256(sql).hexdigest()
            if file.name in applied:
                if applied[file.name] != sha256:
                    raise MigrationChanged(file.name)
                continue
            connection.execute(sql)
            connection.execute(_INSERT_APPLIED, (file.name, sha256))
            news.append(file.name)
        return news
