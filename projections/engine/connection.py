"""Connections of the writers of views: their schema, their commits' durability, their time-outs."""

from typing import Any

from psycopg import AsyncConnection

LIVE_SCHEMA = "views"
REBUILD_SCHEMA = "views_rebuild"

# A view and its position fall back together, so a commit need not wait for the disk. A client that vanishes is noticed
# by the server within about ten seconds, a connection that it closed within one, and what it has locked is free again.
_OPTIONS = (
    "-c synchronous_commit=off -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=10000 -c client_connection_check_interval=1000"
)


async def connect(
    database_url: str, schema: str = LIVE_SCHEMA, *, kind: type[AsyncConnection[Any]] = AsyncConnection
) -> AsyncConnection[Any]:
    """A connection of that `kind` in which the views' SQL means the tables of `schema`."""
    return await kind.connect(database_url, autocommit=True, options=f"{_OPTIONS} -c search_path={schema},public")
