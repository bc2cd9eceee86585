"""The number of connections that our processes open to the database, compared with those that the database has left."""

import psycopg

from infrastructure.observability.condition import RELAY
from infrastructure.postgres.connection.connecting import named
from infrastructure.postgres.connection.pool import POOL_SIZE_MAX
from interfaces.runtime.settings import Settings
from projections.engine.checkpoint import SHARED
from projections.views import VIEWS

_WRITER = 1
_WEBHOOKS_WRITER = 1
_RELAY = 1
_LEASES = 1
_OUTDATED_VIEWS = 1
_PROJECTORS = 1 + len(VIEWS)
"""The shared one, and one for each view while the view stands at a checkpoint of its own."""
OF_SERVER_PROCESS = POOL_SIZE_MAX + _WRITER + _WEBHOOKS_WRITER
"""At most, of each process that serves requests."""
OF_WORKER = POOL_SIZE_MAX + _WRITER + _RELAY + _LEASES + _OUTDATED_VIEWS + _PROJECTORS
"""At most, of `tallystick worker`."""
FOLLOWERS = (RELAY, *VIEWS)
APPLICATIONS = {
    RELAY: "tallystick relay",
    SHARED: "tallystick projectors",
    **{name: f"tallystick projector {name}" for name in VIEWS},
}
"""The names under which the relay and the projector of each checkpoint are connected."""
OF_TOOLS = 20
"""Left for commands, rebuilds and backups."""

_SELECT = """
SELECT current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int + current_setting('reserved_connections')::int,
       count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND pid <> pg_backend_pid()
"""


class TooFewConnections(Exception):
    """The database does not take as many connections as the processes that are to start may open."""

    def __init__(self, *, needed: int, connections_max: int, reserved: int, used: int) -> None:
        super().__init__(
            f"these processes open up to {needed} connections to the database, which takes {connections_max}: "
            f"{reserved} of them are kept for its superuser and {used} are in use. Start fewer (--workers), or raise "
            f"max_connections to {needed + reserved + used + OF_TOOLS}."
        )


def connections_of(*, server_processes: int = 0, workers: int = 0) -> int:
    """How many connections so many processes open at most."""
    return server_processes * OF_SERVER_PROCESS + workers * OF_WORKER


def require_connections(settings: Settings, needed: int) -> None:
    """Raises TooFewConnections when the database does not have `needed` left, and psycopg.Error."""
    with psycopg.connect(named(settings.database_url, name="tallystick start"), autocommit=True) as connection:
        [(connections_max, reserved, used)] = connection.execute(_SELECT).fetchall()
    if needed > connections_max - reserved - used:
        raise TooFewConnections(needed=needed, connections_max=connections_max, reserved=reserved, used=used)
