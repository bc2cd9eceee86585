"""The archive goes on by itself after whatever stopped it, and tells where it cannot; old backups go, the good stay."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from infrastructure.backup.errors import BackupFolderUnusable
from infrastructure.backup.folder import StoreFolder, Verification
from infrastructure.backup.keeping import Plan, back_up
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.postgres import locks
from tests.infrastructure.backup.keeping import appended, archived, events_in, restored, state_of
from tests.support.running import eventually


def lose_the_slot(server: EmbeddedPostgres) -> None:
    """More WAL than a slot may hold, while nobody receives it."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        for _ in range(8):
            connection.execute("SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()")
        connection.execute("CHECKPOINT")
        rows = connection.execute("SELECT wal_status FROM pg_replication_slots").fetchall()
    assert rows == [("lost",)]


async def next_second() -> None:
    """Base backups are called by the second in which they begin."""
    now = datetime.now(UTC).replace(microsecond=0)

    async def has_come() -> bool:
        return datetime.now(UTC).replace(microsecond=0) > now

    await eventually(has_come, "the next second")


@pytest.mark.system
async def test_it_goes_on_after_postgres_was_killed(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder, folder: Path
) -> None:
    async with archived(plan):
        await appended(server.url, 2)
        server.kill()
        server.start()
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_switch_wal()")
        before = await appended(server.url, 2)
    server.stop()
    assert restored(backups, folder / "new").missing_after is None
    assert await events_in(folder / "new") == before


@pytest.mark.system
async def test_after_wal_was_lost_it_begins_anew_with_a_base_backup(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder, folder: Path
) -> None:
    async with archived(plan):
        await appended(server.url, 1)
    lose_the_slot(server)
    [first] = backups.base_backups()
    async with archived(plan):

        async def has_another() -> bool:
            return len(backups.base_backups()) == 2

        await eventually(has_another, "another base backup")
        before = await appended(server.url, 1)
    server.stop()
    assert restored(backups, folder / "new").missing_after is None
    assert await events_in(folder / "new") == before
    assert backups.base_backups()[0] == first


@pytest.mark.system
async def test_a_folder_that_cannot_be_written_to_is_told_and_the_archive_goes_on_once_it_can(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder
) -> None:
    async with archived(plan):
        aside = backups.wal.rename(backups.path / "aside")
        backups.wal.touch()
        await appended(server.url, 1)

        async def is_told() -> bool:
            return "wal" in ((await state_of(plan)).archive_failure or "")

        await eventually(is_told, "the failure in the store")
        backups.wal.unlink()
        aside.rename(backups.wal)
    assert (await state_of(plan)).archive_failure is None


@pytest.mark.system
async def test_the_newest_base_backups_and_the_last_verified_stay(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder
) -> None:
    left = backups.bases / "20200101T000000Z.unfinished"
    left.mkdir(parents=True)
    (left / "base.tar.sealed.unfinished").touch()
    names = []
    for number in range(4):
        await next_second()
        names.append(back_up(plan)[1])
        if number == 0:
            good = Verification(verified_at=datetime.now(UTC), position=0, differences=())
            backups.note_verification(backups.base_backups()[0], good)
        if number == 1:
            bad = Verification(verified_at=datetime.now(UTC), position=0, differences=("damaged",))
            backups.note_verification(backups.base_backups()[1], bad)
    assert [base.name for base in backups.base_backups()] == [names[0], *names[-plan.keep :]]
    assert not left.exists()
    with psycopg.connect(server.url) as connection:
        kept = connection.execute("SELECT name FROM base_backup ORDER BY name").fetchall()
    assert kept == [(names[0],), *((name,) for name in names[-plan.keep :])]


async def test_two_base_backups_are_not_made_at_once(server: EmbeddedPostgres, plan: Plan) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (locks.BASE_BACKUP,))
        with pytest.raises(BackupFolderUnusable, match="being made"):
            back_up(plan)
