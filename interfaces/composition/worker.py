"""The tasks of a worker: those that follow the store, and those that every capability declares."""

from infrastructure.nats.bus import Bus
from infrastructure.nats.feed import StoreFeed
from infrastructure.nats.relay import Relay
from infrastructure.observability.condition import RELAY
from infrastructure.postgres.bus_refusals import note_refusals
from infrastructure.postgres.connection.connecting import named
from infrastructure.postgres.connection.session import Session
from infrastructure.postgres.restore.gate import StoreGate
from interfaces.composition.capability import merged
from interfaces.composition.connections import APPLICATIONS
from interfaces.composition.core import Core
from interfaces.composition.schema import view_connection
from interfaces.composition.shared import Shared
from interfaces.runtime.worker import Task, every
from projections.engine.connection import REBUILD_SCHEMA
from projections.engine.outdated import OutdatedViews
from projections.engine.projectors import projector_tasks
from projections.engine.rows import Connection
from projections.views import VIEWS

REFUSALS_EVERY_S = 1.0


class ProjectorConnection(Session):
    """The connection of a projector, which a rebuild may hold up for as long as it puts its table in place."""

    answers_within_s = 20.0


def worker_tasks(core: Core) -> dict[str, Task]:
    """Every task of a worker, by name."""
    acting = merged(capability.worker_tasks() for capability in core.capabilities)
    return _bus_tasks(core) | {name: _once_open(core.gate, task) for name, task in acting.items()} | _view_tasks(core)


def _bus_tasks(shared: Shared) -> dict[str, Task]:
    async def relay() -> None:
        session = named(shared.settings.database_url, name=APPLICATIONS[RELAY])
        async with shared.leases.held(RELAY), await Session.connect(session, autocommit=True) as connection:
            # As the one user of NATS that may publish; whatever else the process does only listens.
            bus = Bus(shared.settings.nats_url)
            bus.start()
            try:
                await Relay(connection, bus).run()
            finally:
                await bus.aclose()

    async def report_refusals() -> None:
        await note_refusals(shared.pool, shared.listener.take_refused())

    return {
        "leases": shared.leases.renew,
        "relay": relay,
        "listener": shared.listener.run,
        "caught up": shared.caught_up.run,
        "refusals": lambda: every(REFUSALS_EVERY_S, report_refusals),
    }


def _view_tasks(shared: Shared) -> dict[str, Task]:
    feed = StoreFeed(shared.store, shared.listener)

    async def connect(checkpoint: str) -> Connection:
        return await view_connection(shared.settings, application=APPLICATIONS[checkpoint], kind=ProjectorConnection)

    outdated_views = OutdatedViews(
        VIEWS,
        shared.store,
        lambda: view_connection(shared.settings, REBUILD_SCHEMA, application="tallystick outdated views"),
    )
    return {
        "feed": feed.run,
        "outdated views": outdated_views.run,
        **projector_tasks(VIEWS, connect=connect, reader=shared.pool.connection, feed=feed, turns=shared.leases),
    }


def _once_open(gate: StoreGate, task: Task) -> Task:
    async def run() -> None:
        await gate.opened()
        await task()

    return run
