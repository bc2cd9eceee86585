"""A store that is written to and archived, and what a restored home has of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import psycopg

from domain.history import Positioned
from infrastructure.backup.folder import StoreFolder
from infrastructure.backup.keeping import Plan, keep_backups
from infrastructure.backup.restore import Restored, base_for, restore
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.postgres.backups import BackupState, backup_state
from tests.support.running import eventually
from tests.support.store import append_all, created, everything, open_store


async def appended(url: str, count: int) -> Sequence[Positioned]:
    """So many events more, each in a commit of its own; all there are."""
    async with open_store(url) as store:
        for _ in range(count):
            await append_all(store, [created(uuid4())])
        return await everything(store)


async def events_in(home: Path) -> Sequence[Positioned]:
    """What a restored home has."""
    server = EmbeddedPostgres(home)
    server.start()
    try:
        async with open_store(server.url) as store:
            return await everything(store)
    finally:
        server.stop()


def restored(backups: StoreFolder, home: Path, target: datetime | int | None = None) -> Restored:
    return restore(backups, base_for(backups, target), home, target, print)


async def state_of(plan: Plan) -> BackupState:
    async with await psycopg.AsyncConnection.connect(plan.database_url) as connection:
        return await backup_state(connection)


@asynccontextmanager
async def archived(plan: Plan) -> AsyncIterator[None]:
    """While the archive is kept, once there is a base backup; at the end all is archived."""
    stop = Event()
    keeper = Thread(target=keep_backups, args=(plan, stop))
    keeper.start()
    try:
        await eventually(lambda: _has_base(plan), "a first base backup")
        yield
        await eventually(lambda: is_archived(plan), "everything archived")
    finally:
        stop.set()
        await asyncio.to_thread(keeper.join)


async def is_archived(plan: Plan) -> bool:
    async with await psycopg.AsyncConnection.connect(plan.database_url) as connection:
        [(head,)] = await (await connection.execute("SELECT max(notification_id) FROM stored_events")).fetchall()
        return (await backup_state(connection)).archived_position == int(head)


async def _has_base(plan: Plan) -> bool:
    return (await state_of(plan)).last_base_at is not None
