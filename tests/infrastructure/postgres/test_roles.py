"""What each role may do to the store: the application appends and never changes, the reader looks, neither is more."""

from collections.abc import Sequence
from contextlib import nullcontext
from uuid import uuid4

import psycopg
import pytest

from application.write.store import Append
from domain.history import Positioned
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.roles import Role
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.migrate import OwnerNeeded, migrate
from interfaces.composition import migrate_all
from interfaces.runtime.settings import Settings
from tests.conftest import in_database
from tests.infrastructure.postgres.conftest import datastore_of
from tests.support.recorder import LockingRecorder
from tests.support.store import append_all, assert_appended, created, everything, execute, open_store

APPEND_NOTHING = "SELECT * FROM append_commands(" + ", ".join(["'{}'"] * 5) + ")"
ON_EVENTS = [
    "INSERT INTO stored_events VALUES ('00000000-0000-7000-8000-000000000001', 1, 'forged', 'x', 1)",
    "UPDATE stored_events SET state = 'forged'",
    "DELETE FROM stored_events",
    "TRUNCATE stored_events",
    "MERGE INTO stored_events USING (VALUES (1)) AS v (n) ON true WHEN MATCHED THEN DELETE",
    "SELECT * FROM stored_events FOR UPDATE",
    "LOCK TABLE stored_events IN ACCESS EXCLUSIVE MODE",
    "ALTER TABLE stored_events DISABLE TRIGGER ALL",
    "ALTER TABLE stored_events DISABLE TRIGGER stored_events_are_immutable",
    "ALTER TABLE stored_events ADD COLUMN more text",
    "ALTER TABLE stored_events OWNER TO current_user",
    "DROP TABLE stored_events CASCADE",
    "DROP TRIGGER stored_events_are_immutable ON stored_events",
    "DROP FUNCTION refuse_change CASCADE",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    "ALTER FUNCTION append_commands SECURITY INVOKER",
    "SELECT setval('stored_events_notification_id_seq', 1)",
    "SELECT nextval('stored_events_notification_id_seq')",
    "CREATE RULE r AS ON INSERT TO stored_events DO INSTEAD NOTHING",
    "CREATE INDEX ON stored_events (topic)",
]
ON_THE_SERVER = [
    "SET session_replication_role = replica",
    "SET ROLE tallystick",
    f"SET ROLE {Role.OWNER}",
    "SET SESSION AUTHORIZATION tallystick",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/stolen'",
    "CREATE TEMP TABLE t (line text); COPY t FROM PROGRAM 'id'",
    "CREATE TEMP TABLE t (line text); COPY t FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT * FROM pg_authid",
    "CREATE ROLE another",
    "ALTER ROLE current_user SUPERUSER",
    f"ALTER ROLE {Role.OWNER} PASSWORD 'known'",
    f"GRANT {Role.OWNER} TO current_user",
    "CREATE DATABASE another",
    "CREATE SCHEMA another",
    "CREATE TABLE public.another ()",
    "CREATE FUNCTION public.another() RETURNS void LANGUAGE sql AS ''",
    "ALTER SYSTEM SET fsync = off",
    "SELECT pg_reload_conf()",
    "DROP SCHEMA views CASCADE",
]
ON_OTHER_TABLES = [
    "UPDATE account_balance SET balance_minor = 1000000",
    "DELETE FROM account_balance",
    "INSERT INTO account_balance VALUES ('merchant:mer_x:available', 'EUR', 1000000)",
    "INSERT INTO operation_claim (operation_id) VALUES (gen_random_uuid())",
    "UPDATE operation_claim SET body = 'forged'",
    "UPDATE operation_claim SET unresolved = false",
    "UPDATE operation_claim SET key = NULL",
    "DELETE FROM operation_claim",
    "DELETE FROM merchant",
    "UPDATE api_key SET key_sha256 = 'x'",
    "UPDATE api_key SET merchant_id = 'mer_x'",
    "DELETE FROM api_key",
    "UPDATE operator_key SET role = 'operator'",
    "UPDATE evidence_file SET content = 'forged'",
    "DELETE FROM evidence_file",
    "UPDATE accounting_day SET csv_sha256 = 'x'",
    "DELETE FROM webhook_delivery",
    "UPDATE schema_migration SET sha256 = 'x'",
    "DELETE FROM role_privileges",
]
OF_THE_APPLICATION = [
    APPEND_NOTHING,
    "SELECT sweep_empty_lots('2026', 1)",
    "INSERT INTO merchant VALUES ('mer_x', 'X')",
    "UPDATE operation_claim SET tries = 0",
    "UPDATE webhook_delivery SET tries = 0",
    "DELETE FROM timer_try",
    "UPDATE views.checkpoint SET position = 0",
    "DELETE FROM views.payment_status",
    "CREATE TABLE views.another ()",
    "CREATE TABLE views_rebuild.another ()",
]
KEYS = ["SELECT key_sha256 FROM api_key", "SELECT key_sha256 FROM operator_key"]


@pytest.fixture
async def stored(store: PostgresEventStore) -> Sequence[Positioned]:
    await append_all(store, [created(uuid4()), created(uuid4())])
    return await everything(store)


def refused(url: str, statements: Sequence[str]) -> list[str]:
    """Those of them that the server lets pass, or refuses for another reason than that the role may not."""
    passed = []
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            alone = statement.startswith(("CREATE DATABASE", "ALTER SYSTEM"))
            try:
                with nullcontext() if alone else connection.transaction(force_rollback=True):
                    connection.execute(statement.encode())
                passed.append(statement)
            except psycopg.errors.InsufficientPrivilege:
                pass
            except psycopg.Error as error:
                passed.append(f"{statement}: {type(error).__name__}")
    return passed


async def test_the_application_may_neither_change_what_is_stored_nor_more_on_the_server(
    database_url: str, store: PostgresEventStore, stored: Sequence[Positioned]
) -> None:
    assert refused(database_url, [*ON_EVENTS, *ON_THE_SERVER, *ON_OTHER_TABLES]) == []
    assert await everything(store) == stored


async def test_a_reader_may_change_nothing_and_learns_no_key(
    reader_url: str, store: PostgresEventStore, stored: Sequence[Positioned]
) -> None:
    refusals = [*ON_EVENTS, *ON_THE_SERVER, *ON_OTHER_TABLES, *OF_THE_APPLICATION, *KEYS]
    assert refused(reader_url, refusals) == []
    assert await everything(store) == stored


def test_the_owner_is_no_superuser(owner_url: str) -> None:
    of_the_owner = {
        f"SET ROLE {Role.OWNER}",
        f"ALTER ROLE {Role.OWNER} PASSWORD 'known'",
        f"GRANT {Role.OWNER} TO current_user",
        "CREATE SCHEMA another",
        "CREATE TABLE public.another ()",
        "CREATE FUNCTION public.another() RETURNS void LANGUAGE sql AS ''",
        "DROP SCHEMA views CASCADE",
    }
    assert refused(owner_url, [each for each in ON_THE_SERVER if each not in of_the_owner]) == []


def test_a_replicator_may_not_even_log_in_to_the_store(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(in_database(postgres.replication_url, "tallystick"))
    assert refused(postgres.replication_url, [each for each in ON_THE_SERVER if not each.startswith("DROP")]) == []


def test_the_application_may_do_what_is_its_own(database_url: str) -> None:
    assert len(refused(database_url, OF_THE_APPLICATION)) == len(OF_THE_APPLICATION)


async def test_an_append_writes_to_the_store_whatever_the_session_calls_by_its_name(
    database_url: str, store: PostgresEventStore
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TEMP TABLE stored_events AS TABLE public.stored_events")
        connection.execute("SET search_path = pg_temp, public")
        connection.execute(APPEND_NOTHING.encode())
        event = (uuid4(), 1, 1, "topic", b"state")
        connection.execute(
            "SELECT * FROM append_commands(ARRAY[ROW(%s, %s, %s, %s, %s)::event_part], '{}', '{}', '{}', '{}')", event
        )
    assert execute(database_url, "SELECT topic FROM public.stored_events") == [("topic",)]


async def test_a_reader_reads_the_store_as_the_library_and_as_we_do(
    database_url: str, reader_url: str, stored: Sequence[Positioned]
) -> None:
    async with open_store(reader_url) as looking:
        assert await everything(looking) == stored
    with datastore_of(reader_url) as datastore:
        assert LockingRecorder(datastore).max_notification_id() == stored[-1].position
    async with open_store(database_url) as writing:
        assert_appended(await writing.append(Append(events=(created(uuid4()),))))


def test_a_reader_sees_a_view_that_was_made_anew(database_url: str, reader_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE views_rebuild.another AS SELECT 42 AS rows")
        connection.execute("ALTER TABLE views_rebuild.another SET SCHEMA views")
    with psycopg.connect(reader_url) as connection:
        assert connection.execute("SELECT rows FROM views.another").fetchall() == [(42,)]


def test_privileges_that_were_taken_away_are_given_again_by_migrating(
    database_url: str, owner_url: str, reader_url: str
) -> None:
    settings = Settings(
        database_url=database_url, owner_database_url=owner_url, reader_database_url=reader_url, nats_url=""
    )
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("GRANT UPDATE ON stored_events TO tallystick_app")
        connection.execute("REVOKE SELECT ON merchant FROM tallystick_app")
    assert migrate_all(settings, privileges_anew=True) == []
    assert refused(database_url, [*ON_EVENTS]) == []
    assert refused(database_url, ["SELECT * FROM merchant"]) == ["SELECT * FROM merchant"]


def test_a_role_that_may_not_migrate_says_who_may(database_url: str, owner_url: str) -> None:
    assert migrate(database_url) == []
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migration WHERE name = '0014_narrow_roles.sql'")
    with pytest.raises(OwnerNeeded, match=r"0014_narrow_roles.sql is missing.*TALLYSTICK_OWNER_DATABASE_URL"):
        migrate(database_url)
