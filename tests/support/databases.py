"""Empty stores for tests: each a copy of one template, or emptied after a test that left its schema alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import urandom
from time import sleep
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.roles import Role, verifier
from infrastructure.embedded.superuser import SUPERUSER

QUICK: Final = {
    "fsync": "off",
    "scram_iterations": "1",
    "autovacuum": "off",
    "jit": "off",
}
"""Settings of a server whose data nobody wants after the tests: a crash of the machine may take them. Its passwords are
256 random bits, which no stretching makes safer; it costs a client 4 ms of processor time a connection."""
REUSES_MAX: Final = 40
"""Deleted rows leave dead ones and their index entries behind; no test should work among many of those."""
SIZE_MAX: Final = 4_000_000
"""Bytes of all tables together in a database that is worth emptying: dropping a larger one is quicker."""
POLL_S: Final = 0.001

_OURS: Final = """
relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
"""
# Whatever is added to a catalog, or changed in it, has a later xmin than everything that the template has there. What
# comes with Postgres has lower oids, and is not counted through again after each test.
_SELECT_CATALOG: Final = "SELECT {name}, count(*), max(xmin::text::bigint) FROM {catalog} WHERE {oid} >= 16384"
_CATALOGS: Final = {
    **dict.fromkeys(("pg_class", "pg_attrdef", "pg_constraint", "pg_type", "pg_proc", "pg_trigger"), "oid"),
    **dict.fromkeys(("pg_event_trigger", "pg_rewrite", "pg_policy", "pg_default_acl", "pg_extension"), "oid"),
    **dict.fromkeys(("pg_statistic_ext", "pg_largeobject_metadata"), "oid"),
    **{"pg_attribute": "attrelid", "pg_index": "indrelid", "pg_sequence": "seqrelid"},
}
_SELECT_SCHEMA: Final = SQL(" UNION ALL ").join(
    [
        SQL("SELECT 'pg_namespace', count(*), max(xmin::text::bigint) FROM pg_namespace"),
        SQL("""
            SELECT 'settings', count(*), 0 FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        """),
        *(
            SQL(_SELECT_CATALOG).format(name=Literal(name), catalog=Identifier(name), oid=Identifier(oid))
            for name, oid in _CATALOGS.items()
        ),
    ]
)
_SELECT_RELATIONS: Final[LiteralString] = f"""
SELECT oid, relnamespace::regnamespace::text, relname::text FROM pg_class WHERE relkind = %s AND {_OURS} ORDER BY 2, 3
"""
_SELECT_ROWS: Final = "SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text)::text FROM {table} AS t"
_SELECT_SEQUENCE: Final = "SELECT last_value, is_called FROM {sequence}"
_SET_SEQUENCE: Final = "SELECT setval({sequence}, {last}, {is_called});"
_DELETE_ROWS: Final = "DELETE FROM {table};"
_RESTORE_ROWS: Final = "INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, {rows}::jsonb);"
# The server counts the rows written to each table, of transactions that failed too, and has them counted when a session
# has ended. A copy has its template's oids, and counts of its own, from nought.
_SELECT_WRITES: Final = """
SELECT
    relation,
    pg_stat_get_tuples_inserted(relation) + pg_stat_get_tuples_updated(relation) + pg_stat_get_tuples_deleted(relation)
FROM unnest({relations}::oid[]) AS relation
"""
_SELECT_SIZE: Final = "SELECT sum(pg_relation_size(relation)) FROM unnest({tables}::oid[]) AS relation"
_END_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
"""

Connection = psycopg.Connection[Any]


Writes = dict[int, int]
"""How many rows were ever written to a relation of one database, by its oid."""


class _Unused(NamedTuple):
    """The template as its copies should be again."""

    schema: list[tuple[Any, ...]]
    catalogs: list[int]
    tables: dict[int, Composed]
    """The statements that make a table look so, whatever rows it has, by its oid."""
    sequences: Composed

    def writes(self) -> Composed:
        return SQL(_SELECT_WRITES).format(relations=Literal([*self.catalogs, *self.tables]))


class _Emptied(NamedTuple):
    name: str
    reuses: int
    writes: Writes
    """As they were before the last emptying."""


class Databases:
    """The databases of one server. None has a name that another had: a process may remember something of a name."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._superuser = self._connect("tallystick")
        superuser, password = Identifier(SUPERUSER), self._superuser.info.password
        # Anew, so that what the server keeps of it is made as its settings say.
        kept = Literal(verifier(self._superuser, SUPERUSER, password))
        self._superuser.execute(SQL("ALTER ROLE {} PASSWORD {}").format(superuser, kept))
        self._unused: _Unused | None = None
        self._emptied: list[_Emptied] = []

    def close(self) -> None:
        self._superuser.close()

    def create(self, name: str, *, template: str = "template1") -> None:
        parts = (Identifier(name), Identifier(template), Identifier(Role.OWNER))
        self._superuser.execute(SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*parts))

    @contextmanager
    def one(self, template: str) -> Iterator[str]:
        """The name of a database like `template`, which is the same at each call."""
        name = f"test_{urandom(6).hex()}"
        if self._emptied:
            emptied, reuses, before = self._emptied.pop()
            self._superuser.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(emptied), Identifier(name)))
        else:
            reuses, before = 0, {}
            self.create(name, template=template)
        yield name
        if self._unused is None:
            self._unused = self._look_at(template)
        if reuses < REUSES_MAX and (writes := self._empty(name, self._unused, before)):
            self._emptied.append(_Emptied(name, reuses + 1, writes))
        else:
            self._superuser.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _empty(self, name: str, unused: _Unused, before: Writes) -> Writes | None:
        """Make the database look unused again. One whose schema was changed, or that has grown, is left alone."""
        while self._superuser.execute(_END_SESSIONS, (name,)).rowcount:
            sleep(POLL_S)
        with self._connect(name, options="-c session_replication_role=replica") as connection:
            writes: Writes = dict(connection.execute(unused.writes()).fetchall())
            written = {relation for relation, count in writes.items() if count != before.get(relation, 0)}
            if not written.isdisjoint(unused.catalogs) and (
                connection.execute(_SELECT_SCHEMA).fetchall() != unused.schema
            ):
                return None
            tables = [table for table in unused.tables if table in written]
            [(size,)] = connection.execute(SQL(_SELECT_SIZE).format(tables=Literal(tables))).fetchall()
            if size is not None and size > SIZE_MAX:
                return None
            connection.execute(SQL("").join([unused.tables[table] for table in tables]) + unused.sequences)
            return writes

    def _look_at(self, template: str) -> _Unused:
        with self._connect(template) as connection:
            tables: dict[int, Composed] = {}
            for oid, *relation in connection.execute(_SELECT_RELATIONS, ("r",)).fetchall():
                table = Identifier(*relation)
                [(rows,)] = connection.execute(SQL(_SELECT_ROWS).format(table=table)).fetchall()
                tables[oid] = SQL(_DELETE_ROWS).format(table=table)
                if rows is not None:
                    tables[oid] += SQL(_RESTORE_ROWS).format(table=table, rows=Literal(rows))
            sequences: list[Composed] = []
            for _, *relation in connection.execute(_SELECT_RELATIONS, ("S",)).fetchall():
                sequence = Identifier(*relation)
                [(last, called)] = connection.execute(SQL(_SELECT_SEQUENCE).format(sequence=sequence)).fetchall()
                parts = {"sequence": Literal(sequence.as_string()), "last": Literal(last), "is_called": Literal(called)}
                sequences.append(SQL(_SET_SEQUENCE).format(**parts))
            catalogs = connection.execute(
                "SELECT unnest(%s::text[])::regclass::oid", (["pg_namespace", "pg_db_role_setting", *_CATALOGS],)
            )
            return _Unused(
                schema=connection.execute(_SELECT_SCHEMA).fetchall(),
                catalogs=[oid for (oid,) in catalogs.fetchall()],
                tables=tables,
                sequences=SQL("").join(sequences),
            )

    def _connect(self, name: str, options: str = "") -> Connection:
        return psycopg.connect(self._postgres.superuser_url, dbname=name, autocommit=True, options=options)
