"""`tallystick backup` and `restore` as an operator runs them, on a home of the test's own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result

from infrastructure.embedded.postgres import EmbeddedPostgres
from interfaces import composition
from interfaces.cli.main import main
from interfaces.runtime.supervisor import Embedded
from tests.cli.conftest import Run
from tests.cli.test_status import status
from tests.support.store import append_all, created, everything, execute, open_store


@pytest.fixture
def embedded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedded]:
    monkeypatch.setenv("TALLYSTICK_HOME", str(folder / "home"))
    with Embedded(folder / "home") as running:
        composition.migrate_all(running.settings)
        yield running


def said(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


async def test_from_a_key_to_a_restored_store(embedded: Embedded, folder: Path) -> None:
    await asyncio.to_thread(the_whole_course, embedded, folder)


def the_whole_course(embedded: Embedded, folder: Path) -> None:
    async def write() -> int:
        async with open_store(embedded.settings.database_url) as store:
            await append_all(store, [created(uuid4()), created(uuid4())])
            return (await everything(store))[-1].position

    position = asyncio.run(write())
    key, backups, accounts = folder / "backup.key", folder / "backups", embedded.home / "providers.json"
    accounts.write_text("[]")
    made = said("backup", "key", key)
    assert made.exit_code == 0, made.output
    assert "keep a copy of it elsewhere" in made.output
    told = said("backup", "--to", backups, "--key-file", key)
    assert told.exit_code == 0, told.output
    assert "providers.json" in told.output
    assert "postgres.password" in told.output
    in_folder: list[str | Path] = ["--from", backups, "--key-file", key]
    assert "never" in said("backup", "list", *in_folder).output
    verified = said("backup", "verify", *in_folder)
    assert verified.exit_code == 0, verified.output
    assert f"is good: restored to position {position}" in verified.output
    assert "never" not in said("backup", "list", *in_folder).output
    [(verified_at, fault)] = execute(embedded.settings.database_url, "SELECT verified_at, fault FROM base_backup")
    assert (verified_at is not None, fault) == (True, None)
    assert not list(embedded.home.glob("backup-verify-*"))

    new = folder / "new"
    assert "not empty" in said("restore", *in_folder, "--home", embedded.home).output
    restored = said("restore", *in_folder, "--home", new)
    assert restored.exit_code == 0, restored.output
    assert f"Restored to position {position}" in restored.output
    assert "The store is closed" in restored.output
    assert (new / "providers.restored.json").read_text() == "[]"
    assert_closed(new)

    other = folder / "other.key"
    said("backup", "key", other)
    refused = said("backup", "list", "--from", backups, "--key-file", other)
    assert refused.exit_code == 1
    assert "was sealed with the key" in refused.output

    [data] = backups.glob("*/base/*/base.tar.sealed")
    sealed = bytearray(data.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    data.write_bytes(sealed)
    damaged = said("backup", "verify", *in_folder)
    assert damaged.exit_code == 1
    assert "base.tar.sealed cannot be opened" in damaged.output
    [(fault,)] = execute(embedded.settings.database_url, "SELECT fault FROM base_backup")
    assert "cannot be opened" in fault


def assert_closed(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            rows = connection.execute(
                "SELECT closed_because FROM store_identity WHERE closed_at IS NOT NULL"
            ).fetchall()
        assert len(rows) == 1
    finally:
        server.stop()


@pytest.mark.usefixtures("status_at_once")
async def test_status_tells_how_old_backups_are_and_what_would_be_lost(run: Run, database_url: str) -> None:
    told = await status(run)
    assert (told["backups"]["rpo_s"], told["alarms"]) == (None, {})
    assert any("no backups" in warning for warning in told["warnings"])
    async with open_store(database_url) as store:
        await append_all(store, [created(uuid4())])
        [event] = await everything(store)
    execute(database_url, "INSERT INTO wal_archive (position) VALUES (0)")
    told = await status(run)
    [archive] = [each for each in told["followers"] if each["name"] == "archive"]
    assert (archive["lag_events"], archive["trouble"]) == (event.position, "nobody moves it")
    assert told["backups"]["rpo_s"] > 0
    execute(database_url, f"UPDATE wal_archive SET position = {event.position}, failure = 'the disk is full'")
    told = await status(run)
    [archive] = [each for each in told["followers"] if each["name"] == "archive"]
    assert (archive["failure"], archive["trouble"]) == ("the disk is full", "stands still")
    assert told["backups"]["rpo_s"] == 0


@pytest.mark.usefixtures("status_at_once")
@pytest.mark.parametrize(
    ("finished", "verified", "fault", "trouble"),
    [
        ("1 hour", None, None, None),
        ("2 days", None, None, "no backup was verified since"),
        ("2 days", "1 hour", None, None),
        ("2 days", "27 hours", None, "no backup was verified since"),
        ("2 hours", "1 hour", "payment_status differs", "payment_status differs"),
    ],
)
async def test_a_backup_that_was_not_verified_for_long_is_trouble(
    run: Run, database_url: str, finished: str, verified: str | None, fault: str | None, trouble: str | None
) -> None:
    row = "INSERT INTO base_backup VALUES ('b', now() - %s::interval, 0, now() - %s::interval, %s)"
    with psycopg.connect(database_url) as connection:
        connection.execute(row, (finished, verified, fault))
    told = await status(run)
    assert trouble in told["alarms"]["backups"] if trouble else told["alarms"] == {}
    result = await asyncio.to_thread(run, "status")
    assert "Base backup: " in result.output
    if trouble:
        assert "backups" in result.output.splitlines()[-1]
