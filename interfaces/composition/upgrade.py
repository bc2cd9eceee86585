"""An upgrade: the migrations and views that a store lacks to be at this version, and their rebuild."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from infrastructure.postgres.migrate import missing_migrations
from infrastructure.postgres.privileges import role_of
from interfaces.composition.core import Core
from interfaces.composition.schema import refuse_newer, view_connection
from interfaces.runtime.settings import Settings
from projections.engine.checkpoint import checkpoints
from projections.engine.connection import REBUILD_SCHEMA
from projections.engine.filling import BATCH_EVENTS_MAX
from projections.engine.outdated import OutdatedViews, outdated
from projections.views import VIEWS

CODES_SINCE = "0018_view_code.sql"
"""Before this migration no store kept the hash of the code that had made its views."""
SHARED_SINCE = "0024_shared_checkpoint.sql"
"""Before this migration checkpoints had another form, and the hash of no view said which events it takes."""
EVENTS_TO_VIEWS = 4
"""All views, with their indexes, take up less than so many times the bytes of the events: 2.05 times in a golden home
with 769 events, 1.6 times where 4,000 captured payments left 32,000."""

_HAS_EVENTS = "SELECT to_regclass('public.stored_events') IS NOT NULL"
_SELECT_SIZE = """
SELECT coalesce(max(notification_id), 0), pg_total_relation_size('public.stored_events') FROM public.stored_events
"""


class Upgrade(Struct, frozen=True, kw_only=True):
    """The work of an upgrade. `bytes_free` is None where the database is on a machine of its own."""

    head: int
    migrations: tuple[str, ...]
    outdated: Mapping[str, str]
    """Views to rebuild, and why each."""
    bytes_needed: int
    bytes_free: int | None
    one_role: bool
    """Whether the application's role owns the schema, as in early versions."""

    @property
    def is_due(self) -> bool:
        return bool(self.migrations or self.outdated)

    @property
    def has_room(self) -> bool:
        return self.bytes_free is None or self.bytes_free > self.bytes_needed


async def upgrade_due(settings: Settings, data: Path | None) -> Upgrade:
    """The upgrade that the store needs; the store is only read. `data` is a folder on the store's disk.

    Raises MigrationChanged, StoreNewer, psycopg.Error.
    """
    owner_url = settings.owner_database_url or settings.database_url
    migrations = missing_migrations(owner_url)
    # The application's role has its privileges only once the migrations are there.
    as_owner = replace(settings, database_url=owner_url)
    if not migrations:
        await refuse_newer(as_owner)
    async with await view_connection(as_owner) as connection:
        head, events_bytes = await _size(connection)
        if CODES_SINCE in migrations:
            due = dict.fromkeys(VIEWS, "nobody has said which code made it") if head else {}
        elif SHARED_SINCE in migrations:
            due = dict.fromkeys(VIEWS, "another version's code made it") if head else {}
        else:
            due = dict(await outdated(connection, VIEWS))
            # A view that is new and has no table yet, in a store without events, is made where it is needed.
            due = due if head else {name: due[name] for name in due.keys() & await _begun(connection)}
    return Upgrade(
        head=head,
        migrations=tuple(migrations),
        outdated=due,
        bytes_needed=EVENTS_TO_VIEWS * events_bytes if due else 0,
        bytes_free=None if data is None else shutil.disk_usage(data).free,
        one_role=role_of(owner_url) == role_of(settings.database_url),
    )


async def _begun(connection: psycopg.AsyncConnection[Any]) -> set[str]:
    return {checkpoint.projection for checkpoint in await checkpoints(connection)}


async def _size(connection: psycopg.AsyncConnection[Any]) -> tuple[int, int]:
    """The last position, and the bytes that the events take up."""
    [(has_events,)] = await (await connection.execute(_HAS_EVENTS)).fetchall()
    if not has_events:
        return 0, 0
    [(head, size)] = await (await connection.execute(_SELECT_SIZE)).fetchall()
    return int(head), int(size)


async def rebuild_outdated(settings: Settings, on_advance: Callable[[int], None]) -> tuple[list[str], dict[str, str]]:
    """Rebuild every outdated view. Returns the names of the rebuilt views, and the reason of each failure by view."""
    async with Core(settings) as core:
        views = OutdatedViews(
            VIEWS,
            core.store,
            lambda: view_connection(settings, REBUILD_SCHEMA, application="tallystick upgrade"),
            batch_events_max=BATCH_EVENTS_MAX,
            on_advance=on_advance,
        )
        return list(await views.rebuild()), views.failures
