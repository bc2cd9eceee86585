"""The HTTP API: its server processes, and the services that a request can reach in one of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar

from application.access.key_cache import RememberedKeys
from application.write.store import StoreUnavailable
from infrastructure import calendars, garbage
from infrastructure.embedded.home import METRICS, default_home
from infrastructure.observability.condition import Condition
from infrastructure.observability.free_space import is_full
from infrastructure.observability.instruments import Instruments
from infrastructure.observability.logs import configure_logs
from infrastructure.observability.shared_folder import metrics_folder
from infrastructure.postgres.event_store.committer import QUEUE_COMMANDS_MAX
from infrastructure.serving import die_with_supervisor, serve
from interfaces.composition.capability import merged
from interfaces.composition.clock import utc_now
from interfaces.composition.core import Core
from interfaces.http.server.app import create_app
from interfaces.http.server.services import Services
from interfaces.runtime.settings import Settings, from_environment


def serve_api(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve the HTTP API until a signal; the workers read their settings from the environment. Raises PortInUse."""
    configure_logs(level=settings.log_level)
    # Before the processes are forked: once for all of them.
    calendars.load(utc_now().year)
    folder = Path(settings.metrics_folder) if settings.metrics_folder else default_home() / METRICS
    with metrics_folder(folder):
        serve("tallystick", load_api, host=host, port=port, workers=workers)


def load_api() -> Litestar:
    """The HTTP application of one server process."""
    die_with_supervisor()
    settings = from_environment()
    sink = configure_logs(level=settings.log_level)
    # Not at the top: the first import decides whether the counts of several processes add up, and this one is forked.
    from infrastructure.observability.counts_file import CountsFile
    from infrastructure.observability.exposition import exposition
    from infrastructure.observability.metrics import LOG_LINES_DROPPED, instruments, note_request

    sink.watch(LOG_LINES_DROPPED.inc)

    @asynccontextmanager
    async def open_services() -> AsyncIterator[Services]:
        counted = instruments(waiting_commands_max=QUEUE_COMMANDS_MAX)
        try:
            async with api_services(settings, counted, exposition) as services:
                yield services
        finally:
            CountsFile.write_all()

    return create_app(open_services, note_request)


@asynccontextmanager
async def api_services(
    settings: Settings, counted: Instruments, exposition: Callable[[Condition | None], Awaitable[bytes]]
) -> AsyncIterator[Services]:
    async with Core(settings, counted) as core:

        async def metrics() -> bytes:
            try:
                condition = await core.health.condition()
            except StoreUnavailable:
                condition = None
            return await exposition(condition)

        garbage.settle()
        listening = asyncio.create_task(core.listener.run(), name="listener")
        catching_up = asyncio.create_task(core.caught_up.run(), name="caught up")
        try:
            yield Services(
                parts=merged(capability.route_parts() for capability in core.capabilities),
                store=core.store,
                gate=core.gate,
                keys=RememberedKeys(core.access.directory, time.monotonic),
                operators=core.access.operators,
                reader=core.pool.connection,
                now=utc_now,
                is_bus_connected=lambda: core.bus.is_connected,
                has_room=core.health.has_room,
                has_standby=core.health.has_standby,
                is_disk_full=lambda: is_full(default_home()),
                metrics=metrics,
                metrics_token=settings.metrics_token,
            )
        finally:
            listening.cancel()
            catching_up.cancel()
