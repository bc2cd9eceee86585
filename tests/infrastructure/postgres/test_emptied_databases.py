"""A database that one test has used is another test's, and has nothing of the first."""

from typing import Any

import psycopg

from infrastructure.embedded.postgres import EmbeddedPostgres
from tests.support.databases import Databases

_TABLES = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_schema IN ('public', 'views') AND table_type = 'BASE TABLE' ORDER BY 1
"""
_SEQUENCES = "SELECT schemaname || '.' || sequencename FROM pg_sequences ORDER BY 1"
_TRIGGERS = "SELECT tgname::text, tgenabled::text FROM pg_trigger ORDER BY 1"


def connect(postgres: EmbeddedPostgres, name: str) -> psycopg.Connection[Any]:
    return psycopg.connect(postgres.superuser_url, dbname=name, autocommit=True)


def content(postgres: EmbeddedPostgres, name: str) -> dict[str, Any]:
    with connect(postgres, name) as connection:
        found: dict[str, Any] = {"triggers": connection.execute(_TRIGGERS).fetchall()}
        for (table,) in connection.execute(_TABLES).fetchall():
            rows = f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY to_jsonb(t)::text"
            found[table] = connection.execute(rows.encode()).fetchall()
        for (sequence,) in connection.execute(_SEQUENCES).fetchall():
            [found[sequence]] = connection.execute(f"SELECT last_value, is_called FROM {sequence}".encode()).fetchall()
        return found


def use(postgres: EmbeddedPostgres, name: str) -> None:
    """Rows where the template has none, others gone and changed where it has some, and each sequence moved on."""
    with connect(postgres, name) as connection:
        connection.execute("INSERT INTO merchant (merchant_id, name) VALUES (gen_random_uuid(), 'Of a test')")
        connection.execute("DELETE FROM schema_migration WHERE name LIKE '0001%'")
        connection.execute("UPDATE views.checkpoint SET updated_at = now() - interval '1 day'")
        for (sequence,) in connection.execute(_SEQUENCES).fetchall():
            connection.execute(f"SELECT setval('{sequence}', 1234)".encode())


def test_what_a_test_wrote_is_gone_for_the_next(
    databases: Databases, migrated: str, postgres: EmbeddedPostgres
) -> None:
    unused = content(postgres, migrated)
    for _ in range(3):
        with databases.one(migrated) as name:
            assert content(postgres, name) == unused
            use(postgres, name)
            assert content(postgres, name) != unused


def test_a_database_whose_schema_was_changed_is_nobodys(
    databases: Databases, migrated: str, postgres: EmbeddedPostgres
) -> None:
    unused = content(postgres, migrated)
    for change in (
        "ALTER TABLE stored_events DISABLE TRIGGER ALL",
        "DROP TABLE merchant CASCADE",
        "TRUNCATE schema_migration",
    ):
        with databases.one(migrated) as name, connect(postgres, name) as connection:
            connection.execute(change.encode())
            [(changed,)] = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,)).fetchall()
        with databases.one(migrated) as name:
            assert content(postgres, name) == unused
            with connect(postgres, name) as connection:
                [(oid,)] = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,)).fetchall()
            assert oid != changed
