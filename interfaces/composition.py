"""Where the objects are wired: the one place that knows which real part stands behind which port."""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import psycopg
from litestar import Litestar
from msgspec.structs import replace

from application.dead_letter import DeadLetters
from application.delivery import Deliveries, DeliveryRetrier
from application.doubts import Doubts
from application.intake import ProviderWebhooks
from application.merchant import Directory
from application.notice import Notices
from application.notification import Notifications
from application.operation import Operations
from application.operator import OperatorKeys
from application.payment import Payments
from application.policies import DEFAULT_POLICIES, in_doubt_after
from application.policy_book import PolicyBook
from application.recovery import OperationRetrier, Recovery
from application.remembered_keys import RememberedKeys
from application.routing_policy import RoutingPolicies
from application.store import StoreUnavailable
from application.timers import TimerRetrier, Timers
from domain.dead_letter.events import DeadLetterKind
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.routing.route import Figures
from infrastructure import garbage
from infrastructure.embedded import home as embedded_home
from infrastructure.embedded.errors import EmbeddedError, HomeInUse
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.private_files import write_private
from infrastructure.embedded.process import ChildProcess
from infrastructure.nats.bus import BUS_ERRORS, Bus
from infrastructure.nats.feed import JetStreamFeed
from infrastructure.nats.relay import Relay, last_message, position_of
from infrastructure.observability.condition import RELAY, Condition, Follower, read_condition
from infrastructure.observability.instruments import NONE, Instruments
from infrastructure.observability.logs import configure_logs
from infrastructure.observability.shared_folder import metrics_folder
from infrastructure.postgres.committer import QUEUE_COMMANDS_MAX, Committer
from infrastructure.postgres.connecting import following, named
from infrastructure.postgres.correlation import ViewCorrelation
from infrastructure.postgres.delivery_archive import PostgresDeliveryArchive
from infrastructure.postgres.delivery_writer import DeliveryWriter
from infrastructure.postgres.directory import PostgresDirectory
from infrastructure.postgres.inbox import PostgresInbox
from infrastructure.postgres.journal import UnreadableEntry, fold_journal
from infrastructure.postgres.mapper import EventMapper, MsgspecTranscoder
from infrastructure.postgres.migrate import MigrationChanged, migrate
from infrastructure.postgres.operators import PostgresOperators
from infrastructure.postgres.pool import ReadPool
from infrastructure.postgres.store import PostgresEventStore
from infrastructure.postgres.timers import PostgresTimerQueue
from infrastructure.provider.accounts import read_accounts
from infrastructure.provider.circuit import CircuitProvider
from infrastructure.provider.connector import AccountInvalid, ProviderAccount
from infrastructure.provider.registry import connect as connect_provider
from infrastructure.provider.retrying import RetryingProvider
from infrastructure.rules.expressions import Expressions
from infrastructure.rules.faults import fault_of
from infrastructure.serving import PortInUse, die_with_supervisor, serve
from infrastructure.simulator.delivery import WORDINGS as SIMULATOR_DIALECTS
from infrastructure.simulator.options import Options as SimulatorOptions
from infrastructure.simulator.server import run as serve_simulator
from interfaces import ids
from interfaces.http.answers import word_answer
from interfaces.http.app import create_app
from interfaces.services import Services
from interfaces.settings import Settings, from_environment
from interfaces.worker import Task, every
from projections.connection import LIVE_SCHEMA, connect
from projections.connector_health import HEALTH_WINDOW, figures_of, recent_health
from projections.projector import Projector
from projections.tables import create
from projections.view import View
from projections.views import VIEWS

__all__ = [
    "SIMULATOR_DIALECTS",
    "AccountInvalid",
    "ChildProcess",
    "Condition",
    "Core",
    "EmbeddedError",
    "EmbeddedNats",
    "EmbeddedPostgres",
    "Follower",
    "HomeInUse",
    "MigrationChanged",
    "PortInUse",
    "SimulatorOptions",
    "UnreadableEntry",
    "configure_logs",
    "embedded_home",
    "fold_journal",
    "free_port",
    "garbage",
    "migrate_all",
    "own_command",
    "serve_api",
    "serve_simulator",
    "view_connection",
    "worker_tasks",
    "write_private",
]

SIMULATOR = ProviderName("simulator")
SWEEP_EVERY_S = 1.0
TIMERS_EVERY_S = 5.0
BUS_ANSWERS_WITHIN_S = 2.0
RECOVERY_CALLS_MAX = 3
"""To a provider, in one try: a look-up, a repeat, and a look-up of what was refused."""
TIMER_CALLS_MAX = 3
"""A look-up, letting go, and another look-up."""
PROVIDER_GRACE_S = 2.0
"""How much longer than the provider's time-out an operation is left to the process that started it."""

APPLICATIONS = {RELAY: "tallystick relay", **{name: f"tallystick projector {name}" for name in VIEWS}}
"""As whom the relay and the projector of each view are connected to the database."""


log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def accounts_of(settings: Settings) -> Sequence[ProviderAccount]:
    """Our accounts at providers: those of the file, or the simulator alone. Raises AccountInvalid."""
    if settings.providers_file:
        return read_accounts(Path(settings.providers_file))
    return [
        ProviderAccount(
            name=SIMULATOR,
            connector="simulator",
            url=settings.simulator_url,
            timeout_s=settings.provider_timeout_s,
        )
    ]


class Core:
    """The parts that every process needs, opened and closed together."""

    def __init__(self, settings: Settings, instruments: Instruments = NONE) -> None:
        self.settings = settings
        self._instruments = instruments
        mapper = EventMapper()
        self.pool = ReadPool(settings.database_url)
        self.committer = Committer(settings.database_url, mapper, instruments.batches)
        self.store = PostgresEventStore(instruments.writer(self.committer), self.pool, mapper)
        self.directory: Directory = PostgresDirectory(self.pool)
        self.operators: OperatorKeys = PostgresOperators(self.pool)
        self.inbox = PostgresInbox(self.pool)
        self.deliveries = PostgresDeliveryArchive(self.pool)
        self.timer_queue = PostgresTimerQueue(self.pool)
        self.dead_letters = DeadLetters(
            store=self.store,
            retriers={
                DeadLetterKind.WEBHOOK: DeliveryRetrier(self.inbox),
                DeadLetterKind.COMMAND: OperationRetrier(self.store, utc_now),
                DeadLetterKind.TIMER: TimerRetrier(self.timer_queue, utc_now),
            },
            now=utc_now,
        )
        self.bus = Bus(settings.nats_url)
        self.conditions = Expressions()
        self.accounts = accounts_of(settings)
        self.provider_timeout_s = max(account.timeout_s for account in self.accounts)
        """How long the slowest of them may take: nobody takes an operation for abandoned before."""
        self.routing_policies = RoutingPolicies(
            self.store,
            providers=tuple(account.name for account in self.accounts),
            fault_of=fault_of,
            now=utc_now,
        )

    async def __aenter__(self) -> Self:
        await self.pool.open()
        self.committer.start()
        self.bus.start()
        self.connectors = {account.name: connect_provider(account) for account in self.accounts}
        circuits = {
            name: CircuitProvider(
                self._instruments.provider(connector.provider, name), name, self._instruments.circuits
            )
            for name, connector in self.connectors.items()
        }
        self.routing = PolicyBook(
            self.store,
            capabilities={name: connector.provider.capabilities for name, connector in self.connectors.items()},
            read_figures=self._recent_figures,
            holds=self.conditions.holds,
            is_open=lambda name: circuits[name].refuses(OperationKind.AUTHORIZE),
        )
        self.operations = Operations(
            store=self.store,
            providers={name: RetryingProvider(circuit, circuit.refuses) for name, circuit in circuits.items()},
            answers=word_answer,
            policies=replace(DEFAULT_POLICIES, recovery=in_doubt_after(self.settings.in_doubt_after_s)),
            routing=self.routing,
            now=utc_now,
            new_id=ids.new_uuid,
            patience_s=self.provider_timeout_s + PROVIDER_GRACE_S,
        )
        self.recovery = Recovery(
            store=self.store,
            operations=self.operations,
            letters=self.dead_letters,
            now=utc_now,
            new_id=ids.new_uuid,
            lease_s=RECOVERY_CALLS_MAX * self.provider_timeout_s + PROVIDER_GRACE_S,
        )
        self.timers = Timers(
            store=self.store,
            queue=self.timer_queue,
            operations=self.operations,
            letters=self.dead_letters,
            now=utc_now,
            new_id=ids.new_uuid,
            lease_s=TIMER_CALLS_MAX * self.provider_timeout_s + PROVIDER_GRACE_S,
        )
        self.doubts = Doubts(store=self.store, operations=self.operations)
        await self.routing.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.recovery.aclose()
        await self.routing.aclose()
        for connector in self.connectors.values():
            await connector.aclose()
        await self.committer.aclose()
        await self.bus.aclose()
        await self.pool.aclose()

    async def _recent_figures(self) -> Mapping[ProviderName, Figures]:
        async with self.pool.connection() as connection:
            return figures_of(await recent_health(connection, utc_now() - HEALTH_WINDOW))

    @property
    def notifications(self) -> Mapping[ProviderName, Notifications]:
        """Every provider's webhooks."""
        return {name: connector.notifications for name, connector in self.connectors.items()}

    async def condition(self) -> Condition:
        """How the system is. Raises StoreUnavailable."""
        published = await self._published()
        async with self.pool.connection() as connection:
            return await read_condition(connection, published, APPLICATIONS)

    async def _published(self) -> int | None:
        """The position of the stream's last message; None while NATS does not answer."""
        try:
            async with asyncio.timeout(BUS_ANSWERS_WITHIN_S):
                last = await last_message(await self.bus.jetstream())
        except BUS_ERRORS:
            return None
        return 0 if last is None else position_of(last)


def serve_api(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve the HTTP API until a signal; the workers read their settings from the environment. Raises PortInUse."""
    configure_logs(level=settings.log_level)
    with metrics_folder():
        serve("tallystick", load_api, host=host, port=port, workers=workers)


def load_api() -> Litestar:
    """The HTTP application of one server process."""
    die_with_supervisor()
    settings = from_environment()
    configure_logs(level=settings.log_level)
    # Not at the top: the first import decides whether the counts of several processes add up, and this one is forked.
    from infrastructure.observability.exposition import exposition
    from infrastructure.observability.metrics import MeasuredRequests, instruments

    @asynccontextmanager
    async def open_services() -> AsyncIterator[Services]:
        counted = instruments(waiting_commands_max=QUEUE_COMMANDS_MAX)
        async with Core(settings, counted) as core:

            async def metrics() -> bytes:
                try:
                    condition = await core.condition()
                except StoreUnavailable:
                    condition = None
                return await exposition(condition)

            payments = Payments(
                store=core.store,
                operations=core.operations,
                recovery=core.recovery,
                answers=word_answer,
                routing=core.routing,
                now=utc_now,
                new_id=ids.new_uuid,
            )
            intake = DeliveryWriter(settings.database_url)
            intake.start()
            webhooks = ProviderWebhooks(
                notifications=core.notifications,
                intake=intake,
                now=utc_now,
                new_id=ids.new_uuid,
                watcher=counted.deliveries,
            )
            garbage.settle()
            try:
                yield Services(
                    payments=payments,
                    store=core.store,
                    keys=RememberedKeys(core.directory, time.monotonic),
                    operators=core.operators,
                    webhooks=webhooks,
                    deliveries=core.deliveries,
                    dead_letters=core.dead_letters,
                    reader=core.pool.connection,
                    now=utc_now,
                    new_uuid=ids.new_uuid,
                    is_bus_connected=lambda: core.bus.is_connected,
                    metrics=metrics,
                    metrics_token=settings.metrics_token,
                )
            finally:
                await payments.aclose()
                await intake.aclose()

    app = create_app(open_services)
    app.asgi_handler = MeasuredRequests(app.asgi_handler)
    return app


def worker_tasks(core: Core) -> dict[str, Task]:
    """What a worker runs, by name."""
    feed = JetStreamFeed(core.bus, MsgspecTranscoder())

    async def relay() -> None:
        session = following(core.settings.database_url, name=APPLICATIONS[RELAY])
        async with await psycopg.AsyncConnection.connect(session, autocommit=True) as connection:
            await Relay(connection, core.bus).run()

    async def project(view: View[Any]) -> None:
        async with await view_connection(core.settings, application=APPLICATIONS[view.name]) as connection:
            await Projector(view, connection=connection, source=core.store, feed=feed).run()

    async def recover() -> None:
        # At start-up too: a younger operation may be at the provider, in the hands of an API that lives.
        await core.recovery.sweep(older_than_s=core.provider_timeout_s + PROVIDER_GRACE_S)

    async def fire_timers() -> None:
        await core.timers.sweep()

    async def webhooks() -> None:
        await Deliveries(
            inbox=core.inbox,
            correlation=ViewCorrelation(core.pool),
            store=core.store,
            notices=Notices(store=core.store, operations=core.operations, now=utc_now),
            dead_letters=core.dead_letters,
            notifications=core.notifications,
        ).run()

    def projecting(view: View[Any]) -> Task:
        return lambda: project(view)

    return {
        "relay": relay,
        "recovery": lambda: every(SWEEP_EVERY_S, recover),
        "timers": lambda: every(TIMERS_EVERY_S, fire_timers),
        "webhooks": webhooks,
        **{f"projector {view.name}": projecting(view) for view in VIEWS.values()},
    }


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


def own_command(name: str, arguments: list[str], *, log: Path, env: Mapping[str, str]) -> ChildProcess:
    """One of our own commands as a supervised process."""
    return ChildProcess(name, [sys.executable, "-m", "interfaces.cli.main", *arguments], log=log, env=env)
