"""Migrations of the schema: numbered SQL files, applied once each, in order, under a lock and in one transaction."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from infrastructure.postgres import locks
from infrastructure.postgres.connection.connecting import named

FOLDER = Path(__file__).parent / "migrations"

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_IS_BEGUN = "SELECT to_regclass('public.schema_migration') IS NOT NULL"
_SELECT_APPLIED = "SELECT name, sha256 FROM schema_migration"
_INSERT_APPLIED = "INSERT INTO schema_migration (name, sha256) VALUES (%s, %s)"

Connection = psycopg.Connection[Any]


class MigrationChanged(Exception):
    """The file of a migration was edited after the migration was applied."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the migration {name} is not the one that was applied to this database: it was edited since. "
            "Restore the file, and make the change in a new one."
        )


class OwnerNeeded(Exception):
    """The database lacks migrations that the connected role may not apply."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"the database is not at this version: {', '.join(missing)} is missing, and this role may not change the "
            "schema. Run `tallystick migrate` with TALLYSTICK_OWNER_DATABASE_URL."
        )


class StoreNewer(Exception):
    """A later version of Tallystick has migrated the database: this version does not know all of its migrations."""

    def __init__(self, unknown: Sequence[str]) -> None:
        super().__init__(
            f"a later version of Tallystick has been at this store: this one does not know {', '.join(unknown)}. "
            "Run that version, or go back as docs/UPGRADING.md says."
        )


def missing_migrations(database_url: str) -> list[str]:
    """The names of the migrations that the database lacks, in order. Raises MigrationChanged, StoreNewer,
    psycopg.Error."""
    with psycopg.connect(database_url) as connection:
        return [file.name for file in _missing(connection)]


def migrate(database_url: str) -> list[str]:
    """Apply the migrations that the database lacks; their names.

    Where none is missing, nothing is written, so that a role without the owner's rights may call this. Raises
    MigrationChanged, OwnerNeeded, StoreNewer, and psycopg.Error when a migration fails, in which case none is applied.
    """
    with psycopg.connect(named(database_url, name="tallystick migrate")) as connection:
        missing = _missing(connection)
        if not missing:
            return []
        try:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.MIGRATE,))
            connection.execute(_CREATE_TABLE)
            # Another process may have applied them meanwhile.
            return [_apply(connection, file) for file in _missing(connection)]
        except psycopg.errors.InsufficientPrivilege as error:
            raise OwnerNeeded([file.name for file in missing]) from error


def _missing(connection: Connection) -> list[Path]:
    """The files of the migrations that the database lacks, in order. Raises MigrationChanged, StoreNewer."""
    [(is_begun,)] = connection.execute(_IS_BEGUN).fetchall()
    applied: dict[str, str] = dict(connection.execute(_SELECT_APPLIED).fetchall()) if is_begun else {}
    missing, files = [], sorted(FOLDER.glob("*.sql"))
    if unknown := sorted(applied.keys() - {file.name for file in files}):
        raise StoreNewer(unknown)
    for file in files:
        if file.name not in applied:
            missing.append(file)
        elif applied[file.name] != _sha256(file):
            raise MigrationChanged(file.name)
    return missing


def _apply(connection: Connection, file: Path) -> str:
    connection.execute(file.read_bytes())
    connection.execute(_INSERT_APPLIED, (file.name, _sha256(file)))
    return file.name


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
