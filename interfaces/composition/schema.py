"""The database as this version needs it: migrations, and the tables of the views."""

import asyncio
from typing import Any, get_args

import psycopg

from domain.event import name_of
from domain.history import AnyEvent
from domain.ledger.superseded import JournalEntryPostedV1
from domain.payment.superseded import SupersededEvent
from infrastructure.postgres.connection.connecting import named
from infrastructure.postgres.connection.session import Session
from infrastructure.postgres.migrate import StoreNewer, migrate
from infrastructure.postgres.privileges import give_privileges, role_of
from interfaces.runtime.settings import Settings
from projections.engine.connection import LIVE_SCHEMA, connect
from projections.engine.tables import create
from projections.views import FORMER_VIEWS, VIEWS

EVENT_NAMES = frozenset(map(name_of, get_args(AnyEvent | SupersededEvent | JournalEntryPostedV1)))
"""The names of all events that this version can read, former versions of events included."""
_VIEWS = "SELECT projection FROM views.projection_checkpoint"
_LAST_EVENTS = """
SELECT DISTINCT topic FROM (SELECT topic FROM stored_events ORDER BY notification_id DESC LIMIT 1000) AS last
"""
_HAS_EVENTS = "SELECT EXISTS (SELECT FROM stored_events)"


class LongStatements(Session):
    """A session that makes, compares or rebuilds tables, and may wait for another that does."""

    answers_within_s = 3600.0


async def view_connection(
    settings: Settings,
    schema: str = LIVE_SCHEMA,
    *,
    application: str = "tallystick views",
    kind: type[Session] = LongStatements,
) -> psycopg.AsyncConnection[Any]:
    """A connection in which the views' SQL means the tables of `schema`."""
    return await connect(named(settings.database_url, name=application), schema, kind=kind)


def migrate_all(settings: Settings, *, privileges_anew: bool = False) -> list[str]:
    """Bring the schema, the privileges of the application's role and the views' tables to this version; the names of
    the migrations applied. Without an owner's URL, the application's role applies what is missing, if it may.

    Raises MigrationChanged, OwnerNeeded, StoreNewer, psycopg.Error."""
    applied = migrate(settings.owner_database_url or settings.database_url)
    if settings.owner_database_url:
        _give_privileges(settings, anew=privileges_anew or bool(applied))

    async def create_views() -> None:
        async with await view_connection(settings) as connection:
            [(has_events,)] = await (await connection.execute(_HAS_EVENTS)).fetchall()
            for view in VIEWS.values():
                # A view that is new to a store with a history is filled by a rebuild, and not read before.
                await create(connection, view, is_filled=not has_events)

    asyncio.run(create_views())
    return applied


async def refuse_newer(settings: Settings) -> None:
    """Raises StoreNewer where the store has views, or among its last events some, that this version does not know."""
    async with await view_connection(settings) as connection:
        views = {name for (name,) in await (await connection.execute(_VIEWS)).fetchall()}
        events = {name for (name,) in await (await connection.execute(_LAST_EVENTS)).fetchall()}
    if unknown := sorted((views - VIEWS.keys() - FORMER_VIEWS) | (events - EVENT_NAMES)):
        raise StoreNewer(unknown)


def _give_privileges(settings: Settings, *, anew: bool) -> None:
    app = role_of(settings.database_url)
    if app != role_of(settings.owner_database_url):
        reader = role_of(settings.reader_database_url or settings.database_url)
        give_privileges(settings.owner_database_url, app=app, reader=reader, anew=anew)
