"""The database as this version needs it: migrations, and the tables of the views."""

import asyncio
from typing import Any

import psycopg

from infrastructure.postgres.connecting import named
from infrastructure.postgres.migrate import migrate
from interfaces.settings import Settings
from projections.connection import LIVE_SCHEMA, connect
from projections.tables import create
from projections.views import VIEWS


async def view_connection(
    settings: Settings, schema: str = LIVE_SCHEMA, *, application: str = "tallystick views"
) -> psycopg.AsyncConnection[Any]:
    """A connection in which the views' SQL means the tables of `schema`."""
    return await connect(named(settings.database_url, name=application), schema)


def migrate_all(settings: Settings) -> list[str]:
    """Bring the schema and the views' tables to this version; the names of the migrations applied."""
    applied = migrate(settings.database_url)

    async def create_views() -> None:
        async with await view_connection(settings) as connection:
            for view in VIEWS.values():
                await create(connection, view)

    asyncio.run(create_views())
    return applied
