"""Connections of the writers of views: schema, durability of commits, and time-outs."""

from typing import Any

from psycopg import AsyncConnection

LIVE_SCHEMA = "views"
REBUILD_SCHEMA = "views_rebuild"

# A crash takes a view and its position back together, so that a commit need not wait for the disk. The server notices a
# vanished client within about ten seconds and a closed connection within one, and then releases its locks.
_OPTIONS = (
    "-c synchronous_commit=off -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=10000 -c client_connection_check_interval=1000"
)


async def connect(
    database_url: str, schema: str = LIVE_SCHEMA, *, kind: type[AsyncConnection[Any]] = AsyncConnection
) -> AsyncConnection[Any]:
    """A connection of the class `kind` in which unqualified table names mean the tables of `schema`."""
    return await kind.connect(database_url, autocommit=True, options=f"{_OPTIONS} -c search_path={schema},public")
