"""An embedded Postgres has four roles without superuser rights: for schema, application, reading and copying."""

# The owner owns the schema, the application's role serves the application, the reader only reads, and the replicator
# copies the whole server and may look into no table. The migrations define the rights of each role in the schema; this
# module creates the roles and gives them the database.

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

Connection = psycopg.Connection[Any]


class Role(StrEnum):
    """The names of the roles in Postgres."""

    OWNER = "tallystick_owner"
    APP = "tallystick_app"
    READER = "tallystick_reader"
    REPLICATOR = "tallystick_replicator"


_SELECT_ROLES: Final = "SELECT rolname FROM pg_roles"
_CREATE: Final = SQL("CREATE ROLE {role}")
_SETTLE: Final = SQL(
    "ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {replication} NOBYPASSRLS PASSWORD {verifier}"
)
_OWNER_HANDS_OVER: Final = SQL("GRANT {app} TO {owner}").format(app=Identifier(Role.APP), owner=Identifier(Role.OWNER))
# Lets the replicator see the progress of its own copies; without this right Postgres hides even that.
_REPLICATOR_SEES_PROGRESS: Final = SQL("GRANT pg_read_all_stats TO {}").format(Identifier(Role.REPLICATOR))
_IS_OWNERS: Final = """
SELECT pg_get_userbyid(datdba) = %s FROM pg_database WHERE datname = current_database()
"""
# Objects that earlier versions created as the superuser, whose objects REASSIGN OWNED cannot give away. A sequence and
# an index go with their table, a table's row type too.
_GIVE_OBJECTS: Final = """
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        WITH ours AS (
            SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        )
        SELECT format('ALTER SCHEMA %I OWNER TO tallystick_owner', nspname) FROM ours WHERE nspname <> 'public'
        UNION ALL
        SELECT format('ALTER TABLE %s OWNER TO tallystick_owner', c.oid::regclass)
        FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND pg_get_userbyid(c.relowner) = current_user
        UNION ALL
        SELECT format('ALTER TYPE %s OWNER TO tallystick_owner', c.reltype::regtype)
        FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace
        WHERE c.relkind = 'c' AND pg_get_userbyid(c.relowner) = current_user
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO tallystick_owner', p.oid::regprocedure)
        FROM pg_proc AS p JOIN ours ON ours.oid = p.pronamespace WHERE pg_get_userbyid(p.proowner) = current_user
    LOOP
        EXECUTE statement;
    END LOOP;
END $$
"""
_GIVE_DATABASE: Final = SQL(
    "ALTER DATABASE {database} OWNER TO {owner};"
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
    "GRANT CONNECT ON DATABASE {database} TO {app}, {reader}"
)


def prepare_roles(superuser: Connection, passwords: Mapping[Role, str]) -> None:
    """Create the missing roles, and allow each role to log in with its password and to do nothing to other roles."""
    there = {name for (name,) in superuser.execute(_SELECT_ROLES).fetchall()}
    for role, password in passwords.items():
        if role not in there:
            superuser.execute(_CREATE.format(role=Identifier(role)))
        settings = {
            "role": Identifier(role),
            "replication": SQL("REPLICATION" if role is Role.REPLICATOR else "NOREPLICATION"),
            "verifier": Literal(verifier(superuser, role, password)),
        }
        superuser.execute(_SETTLE.format(**settings))
    superuser.execute(_OWNER_HANDS_OVER)
    superuser.execute(_REPLICATOR_SEES_PROGRESS)


def give_database(superuser: Connection, name: str) -> None:
    """Give the superuser's objects in the connected database `name` to the owner, all in one transaction or none.

    Nothing happens where an earlier call has done this.
    """
    [(is_owners,)] = superuser.execute(_IS_OWNERS, (Role.OWNER,)).fetchall()
    if is_owners:
        return
    names = {"database": name, "owner": Role.OWNER, "app": Role.APP, "reader": Role.READER}
    with superuser.transaction():
        superuser.execute(_GIVE_OBJECTS)
        superuser.execute(_GIVE_DATABASE.format(**{part: Identifier(value) for part, value in names.items()}))


def verifier(connection: Connection, role: str, password: str) -> str:
    """The verifier that the server stores for a password, so that no statement or statement log shows the password."""
    return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
