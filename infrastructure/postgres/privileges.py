"""The privileges of the database roles: those of `privileges.sql`, and no others."""

import hashlib
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo
from psycopg.sql import SQL, Identifier

from infrastructure.postgres import locks
from infrastructure.postgres.connection.connecting import named

FILE: Final = Path(__file__).with_name("privileges.sql")

_ONE_GIVER: Final = "SELECT pg_advisory_xact_lock(%s)"
_SELECT_GIVEN: Final = "SELECT sha256 FROM role_privileges WHERE role = %s"
_GIVEN: Final = """
INSERT INTO role_privileges (role, sha256) VALUES (%s, %s)
ON CONFLICT (role) DO UPDATE SET sha256 = excluded.sha256, given_at = clock_timestamp()
"""
_SELECT_OTHERS_TABLES: Final = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname IN ('views', 'views_rebuild') AND tablename <> 'checkpoint' AND tableowner <> %s
"""
_HAND_OVER: Final = SQL("ALTER TABLE {table} OWNER TO {app}")


def role_of(database_url: str) -> str:
    """The role that the URL logs in as; libpq's default where the URL names none."""
    user = conninfo_to_dict(database_url).get("user")
    if user:
        return str(user)
    return next((one.val or b"").decode() for one in Conninfo.get_defaults() if one.keyword == b"user")


def give_privileges(owner_url: str, *, app: str, reader: str, anew: bool) -> bool:
    """Grant the roles `app` and `reader` the privileges of `privileges.sql`, and revoke all others; False where that
    was done before.

    The statements run once, and again after they were edited or where `anew` is given: after a migration, which may
    have created a function, and after a restore. Raises psycopg.Error, also where the owner may not hand views over to
    `app`.
    """
    statements = FILE.read_text()
    sha256 = hashlib.sha256(f"{app}\0{reader}\0{statements}".encode()).hexdigest()
    with psycopg.connect(named(owner_url, name="tallystick migrate")) as connection:
        if not anew and _given(connection, app) == sha256:
            return False
        connection.execute(_ONE_GIVER, (locks.MIGRATE,))
        connection.execute(SQL(statements).format(app=Identifier(app), reader=Identifier(reader)))
        for schema, table in connection.execute(_SELECT_OTHERS_TABLES, (app,)).fetchall():
            connection.execute(_HAND_OVER.format(table=Identifier(schema, table), app=Identifier(app)))
        connection.execute(_GIVEN, (app, sha256))
    return True


def _given(connection: psycopg.Connection[Any], app: str) -> str | None:
    row = connection.execute(_SELECT_GIVEN, (app,)).fetchone()
    return None if row is None else str(row[0])
