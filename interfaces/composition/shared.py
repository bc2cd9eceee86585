"""The parts that every capability stands on: the store, the bus, and the connectors to providers and to our bank."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID

from application.work.background_cache import Refreshing
from application.write.command_ids import CommandIds
from application.write.store import StoreUnavailable
from domain.identifiers import ProviderName
from infrastructure.bank.simulated import SimulatedBank
from infrastructure.nats.bus import Bus
from infrastructure.nats.caught_up import CaughtUp
from infrastructure.nats.listener import Listener
from infrastructure.observability.instruments import NONE, Instruments
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.connection.session import fence_of
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.identity import NamespaceAtHand, identity_of
from infrastructure.postgres.leases import Leases
from infrastructure.postgres.restore.gate import StoreGate
from infrastructure.provider.circuit import CircuitProvider
from infrastructure.provider.connector import Connector
from interfaces import ids
from interfaces.composition.clock import CLOCK
from interfaces.composition.outside import accounts_of, outside
from interfaces.runtime.settings import Settings
from projections.views import VIEWS

PROVIDER_GRACE_S = 2.0
"""How much longer than the provider's time-out an operation is left to the process that started it."""
CLOCK_READ_EVERY_S = 5.0


class Shared:
    """One of each for a process. `connectors`, `circuits` and `bank` are there once it is open."""

    connectors: Mapping[ProviderName, Connector]
    circuits: Mapping[ProviderName, CircuitProvider]
    bank: SimulatedBank

    def __init__(self, settings: Settings, instruments: Instruments = NONE) -> None:
        """Raises AccountInvalid."""
        self.settings = settings
        self.instruments = instruments
        mapper = EventMapper()
        self.leases = Leases(settings.database_url)
        self.pool = ReadPool(settings.database_url, worker=self.leases.worker)
        self._committer = Committer(settings.database_url, mapper, instruments.batches)
        self.store = PostgresEventStore(instruments.writer(self._committer), self.pool, mapper)
        self._namespace = NamespaceAtHand(self.pool)
        self.command_ids = CommandIds(namespace=self._namespace, new_id=ids.new_uuid)
        self.bus = Bus(settings.nats_reader_url or settings.nats_url)
        self.listener = Listener(self.bus, self.store_id)
        self.caught_up = CaughtUp(self.listener, VIEWS.values(), self.pool.connection)
        self.gate = StoreGate(self.pool, self.listener.wakeups)
        self.accounts = accounts_of(settings)
        self.provider_timeout_s = max(account.timeout_s for account in self.accounts)
        """The longest time-out of all providers: no operation counts as abandoned before."""
        self.inflight_grace_s = self.lease_s(calls_max=1)
        """The time that an operation is left to the process that started it."""
        self._clock = Refreshing(self._read_clock, name="the database's clock", every_s=CLOCK_READ_EVERY_S)

    def lease_s(self, *, calls_max: int) -> float:
        """The lease of work that calls a provider so many times at most."""
        return calls_max * self.provider_timeout_s + PROVIDER_GRACE_S

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The parts are connected until the block is left. Raises SettingInvalid."""
        async with AsyncExitStack() as opening:
            # First what an operator may have written down wrong.
            self.connectors, self.bank = await opening.enter_async_context(outside(self.settings, self.accounts))
            self.circuits = {
                name: CircuitProvider(
                    self.instruments.provider(connector.provider, name), name, self.instruments.circuits
                )
                for name, connector in self.connectors.items()
            }
            fence = fence_of(self.settings.database_url)
            watching = asyncio.create_task(fence.watch(self.settings.database_url), name="epoch")
            opening.push_async_callback(_end, watching)
            opening.push_async_callback(self.pool.aclose)
            await self.pool.open()
            opening.push_async_callback(self.bus.aclose)
            opening.push_async_callback(self._committer.aclose)
            await self._clock.start()
            opening.push_async_callback(self._clock.aclose)
            self._committer.start()
            self.bus.start()
            with suppress(StoreUnavailable):
                await self._namespace()  # So that no merchant waits for it; a command reads it otherwise.
            await self.gate.start()
            opening.push_async_callback(self.gate.aclose)
            yield

    async def store_id(self) -> UUID:
        """The identity of the store that the database holds now. Raises StoreUnavailable."""
        async with self.pool.connection() as connection:
            return (await identity_of(connection)).store_id

    async def _read_clock(self) -> None:
        async with self.pool.connection() as connection:
            await CLOCK.read(connection)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
