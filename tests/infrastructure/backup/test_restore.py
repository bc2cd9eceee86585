"""What is archived comes back: to the last second, to an instant, to a position; under another name, and closed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.backup.errors import BackupFolderUnusable, RestoreFailed, SealBroken
from infrastructure.backup.folder import StoreFolder
from infrastructure.backup.keeping import Plan, back_up
from infrastructure.backup.restore import contiguous
from infrastructure.backup.wal_names import Segment
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.postgres.backups import backup_state
from infrastructure.postgres.identity import identity_of
from tests.infrastructure.backup.keeping import appended, archived, events_in, restored


@pytest.mark.system
async def test_everything_that_was_archived_comes_back_from_a_lost_disk(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder, folder: Path
) -> None:
    await appended(server.url, 3)
    async with archived(plan):
        before = await appended(server.url, 5)
    async with await psycopg.AsyncConnection.connect(server.url) as connection:
        identity, epoch = await identity_of(connection), await _epoch(connection)
    server.kill()
    told = restored(backups, folder / "new")
    assert (told.position, told.missing_after) == (before[-1].position, None)
    assert await events_in(folder / "new") == before
    again = EmbeddedPostgres(folder / "new")
    again.start()
    try:
        async with await psycopg.AsyncConnection.connect(again.url) as connection:
            new, new_epoch = await identity_of(connection), await _epoch(connection)
            assert not (await backup_state(connection)).is_configured
    finally:
        again.stop()
    assert (new.namespace, new_epoch) == (identity.namespace, epoch)
    assert new.store_id != identity.store_id
    assert new.closed_at is not None
    assert "restored from the backup" in (new.closed_because or "")


@pytest.mark.system
async def test_to_a_position_and_to_an_instant(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder, folder: Path
) -> None:
    async with archived(plan):
        first = await appended(server.url, 3)
        await asyncio.sleep(0.01)
        instant = datetime.now(UTC)
        await appended(server.url, 4)
    position = first[1].position
    assert restored(backups, folder / "position", position).position == position
    assert await events_in(folder / "position") == first[:2]
    assert restored(backups, folder / "instant", instant).position == first[-1].position
    with pytest.raises(RestoreFailed, match="there is no position 1,000"):
        restored(backups, folder / "beyond", 1_000)
    with pytest.raises(RestoreFailed, match="ends before that"):
        restored(backups, folder / "beyond", datetime(2100, 1, 1, tzinfo=UTC))
    assert list((folder / "beyond").iterdir()) == []
    with pytest.raises(BackupFolderUnusable, match="no base backup is as old as that"):
        restored(backups, folder / "beyond", datetime(2000, 1, 1, tzinfo=UTC))


@pytest.mark.system
async def test_a_base_backup_can_be_restored_without_the_archive_and_not_when_it_was_changed(
    server: EmbeddedPostgres, plan: Plan, backups: StoreFolder, folder: Path
) -> None:
    before = await appended(server.url, 3)
    _, name = back_up(plan)
    with pytest.raises(BackupFolderUnusable, match="is not empty"):
        restored(backups, plan.home)
    restored(backups, folder / "new")
    assert await events_in(folder / "new") == before
    data = backups.bases / name / "base.tar.sealed"
    sealed = bytearray(data.read_bytes())
    sealed[-100] ^= 1
    data.write_bytes(sealed)
    with pytest.raises(SealBroken, match=r"base\.tar\.sealed"):
        restored(backups, folder / "changed")
    assert list((folder / "changed").iterdir()) == []


def test_wal_after_a_gap_is_not_used() -> None:
    there = [Segment(1, 4), Segment(1, 5), Segment(2, 5), Segment(2, 7)]
    assert contiguous(there, Segment(1, 4)) == (there[:3], Segment(2, 5).name)
    assert contiguous(there[:3], Segment(1, 4)) == (there[:3], None)
    assert contiguous(there[3:], Segment(1, 4)) == ([], Segment(1, 4).name)


async def _epoch(connection: psycopg.AsyncConnection[Any]) -> int:
    [[epoch]] = await (await connection.execute("SELECT epoch FROM store_identity")).fetchall()
    assert isinstance(epoch, int)
    return epoch
