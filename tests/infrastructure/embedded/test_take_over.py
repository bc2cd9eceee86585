"""A home of an earlier version, where one superuser did everything over data of `nobody`, is taken over at start."""

import asyncio
import os
import pwd
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from infrastructure.embedded.errors import HomeUnusable
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.roles import Role
from interfaces.composition import migrate_all
from interfaces.runtime.settings import Settings
from tests.support.golden_homes import GOLDEN, facts_of, restore
from tests.support.store import append_all, created, everything, open_store

pytestmark = pytest.mark.system

BEFORE_THE_ROLES = "8836ef2"
LEFT_OVER = b"""
CREATE SCHEMA views_rebuild; CREATE TABLE views_rebuild.left_over (); CREATE TABLE views.payment_status_of_old ();
"""
OWNERS = """
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname = ANY(%s) AND relkind IN ('r', 'S', 'c') AND relname <> 'checkpoint' ORDER BY 1
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run Postgres as somebody else")


def superuser(server: EmbeddedPostgres, database: str = "tallystick") -> psycopg.Connection[Any]:
    return psycopg.connect(server.superuser_url, dbname=database, autocommit=True)


def migrated(server: EmbeddedPostgres) -> list[str]:
    return migrate_all(
        Settings(
            database_url=server.url,
            owner_database_url=server.owner_url,
            reader_database_url=server.reader_url,
            nats_url="",
        )
    )


def owners(server: EmbeddedPostgres, *schemas: str) -> list[str]:
    with superuser(server) as connection:
        return [owner for (owner,) in connection.execute(OWNERS, (list(schemas),)).fetchall()]


def give_to_user(path: Path, user_id: int) -> None:
    for folder, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), user_id, user_id)


@pytest.fixture
def old_home(home: Path) -> Path:
    """A home as the last version before the roles left it."""
    restore(GOLDEN / BEFORE_THE_ROLES, home, LEFT_OVER)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody").pw_uid
        give_to_user(home / "postgres", nobody)
        os.chown(home / "postgres.password", nobody, nobody)
    return home


async def test_an_old_home_goes_on_under_roles_of_its_own(old_home: Path, postgres: EmbeddedPostgres) -> None:
    postgres.start()
    assert owners(postgres, "public", "views", "views_rebuild") == [Role.OWNER]
    assert await asyncio.to_thread(migrated, postgres)
    for _ in range(2):
        assert owners(postgres, "public") == [Role.OWNER]
        assert owners(postgres, "views", "views_rebuild") == [Role.APP]
        async with open_store(postgres.url) as store:
            before = await everything(store)
            await append_all(store, [created(uuid4())])
            assert (await everything(store))[:-1] == before
        postgres.stop()
        postgres.start()
        assert await asyncio.to_thread(migrated, postgres) == []
    assert len(before) == facts_of(GOLDEN / BEFORE_THE_ROLES)["head"] + 1
    for role in Role:
        password = old_home / f"postgres.{role.name.lower()}.password"
        assert (password.stat().st_mode & 0o777, password.stat().st_uid) == (0o600, os.geteuid())


@as_root
@pytest.mark.usefixtures("old_home")
def test_its_data_get_an_account_of_their_own(home: Path, postgres: EmbeddedPostgres) -> None:
    data = home / "postgres"
    # As one that was interrupted left it: what lies deepest is done first, the folder itself last.
    give_to_user(data / "base", 60_600)
    accounts = set()
    for _ in range(2):
        postgres.start()
        running_as = os.stat(f"/proc/{postgres.pid}").st_uid
        accounts.add(running_as)
        postgres.stop()
        owned = {os.lstat(Path(folder, name)).st_uid for folder, _, files in os.walk(data) for name in (".", *files)}
        # The account may be that very id, which is one of six hundred.
        assert owned - {60_600} == {running_as} - {60_600}
    assert len(accounts) == 1
    with pytest.raises(KeyError):
        pwd.getpwuid(accounts.pop())


@as_root
def test_a_password_that_nobody_could_read_is_changed(old_home: Path, postgres: EmbeddedPostgres) -> None:
    file = old_home / "postgres.password"
    known = file.read_text()
    postgres.start()
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (0, 0o600)
    assert file.read_text() != known
    assert not (old_home / "postgres.password.next").exists()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.superuser_url, password=known)
    postgres.stop()
    postgres.start()


@pytest.mark.parametrize("changed", [True, False], ids=["after the server knew", "before the server knew"])
def test_a_change_of_password_that_was_interrupted_loses_neither(
    changed: bool, home: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.start()
    postgres.stop()
    file, following = home / "postgres.password", home / "postgres.password.next"
    right = file.read_text()
    following.write_text(right if changed else "not-yet")
    if changed:
        file.write_text("not-any-more")
    postgres.start()
    assert (file.read_text(), following.exists()) == (right, False)


def test_a_server_that_does_not_answer_yet_is_asked_for_the_same_password_again(
    home: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for the next one, which it may refuse by the time that it answers."""
    postgres.start()
    postgres.stop()
    (home / "postgres.password.next").write_text("not-yet")
    connect = EmbeddedPostgres._connect
    silent = iter([psycopg.OperationalError("connection timeout expired")])

    def connect_late(server: EmbeddedPostgres, port: int, *database: str) -> psycopg.Connection[Any]:
        if server._takes_connections():
            for error in silent:
                raise error
        return connect(server, port, *database)

    monkeypatch.setattr(EmbeddedPostgres, "_connect", connect_late)
    postgres.start()


@as_root
def test_data_of_somebody_else_are_left_to_them(home: Path, postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    give_to_user(home / "postgres", 4242)
    with pytest.raises(HomeUnusable, match="belongs to user id 4242"):
        postgres.start()
    assert (home / "postgres").stat().st_uid == 4242
