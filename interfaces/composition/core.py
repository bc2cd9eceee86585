"""The parts that every process needs, and which real part stands behind which port."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import Self
from uuid import UUID

from msgspec.structs import replace

from application.access.merchant import Directory
from application.access.operator import OperatorKeys
from application.dead_letter.commands import DeadLetters
from application.dispute.apply_notification import DisputeNotices
from application.dispute.commands import Disputes
from application.fx.cache import RateBook
from application.fx.commands import FxRates
from application.payment.adoption import Adoptions
from application.payment.apply_notification import Notices
from application.payment.in_doubt import Doubts
from application.payment.lost_charges import LostCharges
from application.payment.operation import Operations
from application.payment.operator_records import OperatorRecords
from application.payment.recovery import OperationRetrier, Recovery
from application.payment.timers import TimerRetrier, Timers
from application.payout.bank_accounts import BankAccounts
from application.provider.webhook import Notifications
from application.restore.commands import Reopening
from application.restore.explanation import Explanations
from application.restore.orphan_refund import Orphans
from application.routing.cache import PolicyBook
from application.routing.commands import RoutingPolicies
from application.terms.cache import TermsBook
from application.terms.commands import TermsCommands
from application.terms.policies import DEFAULT_POLICIES, in_doubt_after
from application.terms.pricing_context import CurrentPricingContexts
from application.webhook_in.processor import DeliveryRetrier
from application.work.background_cache import Refreshing
from application.write.command_ids import CommandIds
from application.write.store import StoreUnavailable
from domain.dead_letter.events import DeadLetterKind
from domain.identifiers import ProviderName
from domain.payment.events import OperationKind
from domain.routing.route import Figures
from infrastructure.bank.account_check import account_fault
from infrastructure.calendars import is_holiday
from infrastructure.embedded.home import default_home
from infrastructure.nats.bus import Bus
from infrastructure.nats.listener import Listener
from infrastructure.observability.condition import RELAY, Condition, Machine, read_condition
from infrastructure.observability.free_space import free_bytes
from infrastructure.observability.instruments import NONE, Instruments
from infrastructure.postgres.access.directory import PostgresDirectory
from infrastructure.postgres.access.operators import PostgresOperators
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.connection.room import Room
from infrastructure.postgres.connection.session import fence_of
from infrastructure.postgres.connection.standbys import awaited_standbys, none_confirms
from infrastructure.postgres.dispute.evidence_files import PostgresEvidenceFiles
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.correlation import ViewCorrelation
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.funds.accounting_days import PostgresSyncedDays
from infrastructure.postgres.identity import NamespaceAtHand, identity_of
from infrastructure.postgres.inbox.delivery_archive import PostgresDeliveryArchive
from infrastructure.postgres.inbox.inbox import PostgresInbox
from infrastructure.postgres.leases import Leases
from infrastructure.postgres.operation_queue import PostgresOperationQueue
from infrastructure.postgres.restore.gate import StoreGate
from infrastructure.postgres.restore.orphans import PostgresOrphans
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from infrastructure.provider.circuit import CircuitProvider
from infrastructure.provider.retrying import RetryingProvider
from infrastructure.rules.expressions import Expressions
from infrastructure.rules.faults import fault_of
from interfaces import ids
from interfaces.composition.clock import CLOCK, utc_now
from interfaces.composition.funds import Funds
from interfaces.composition.outside import accounts_of, outside
from interfaces.resources.payment_answer import render_response
from interfaces.runtime.settings import Settings
from projections.provider.health import HEALTH_WINDOW, figures_of, recent_health
from projections.views import VIEWS

RECOVERY_CALLS_MAX = 3
"""To a provider, in one try: a look-up, a repeat, and a look-up of what was refused."""
TIMER_CALLS_MAX = 3
"""A look-up, letting go, and another look-up."""
DELIVERY_CALLS_MAX = RECOVERY_CALLS_MAX
"""A notice that has the provider asked has it asked as recovery does."""
PROVIDER_GRACE_S = 2.0
"""How much longer than the provider's time-out an operation is left to the process that started it."""
CLOCK_READ_EVERY_S = 5.0
APPLICATIONS = {RELAY: "tallystick relay", **{name: f"tallystick projector {name}" for name in VIEWS}}
"""As whom the relay and the projector of each view are connected to the database."""


class Core:
    """The parts that every process needs, opened and closed together."""

    def __init__(self, settings: Settings, instruments: Instruments = NONE) -> None:
        self.settings = settings
        self._instruments = instruments
        mapper = EventMapper()
        self.leases = Leases(settings.database_url)
        self.pool = ReadPool(settings.database_url, worker=self.leases.worker)
        self.committer = Committer(settings.database_url, mapper, instruments.batches)
        self.store = PostgresEventStore(instruments.writer(self.committer), self.pool, mapper)
        self.gate = StoreGate(self.pool)
        self.orphans = PostgresOrphans(self.pool)
        self.namespace = NamespaceAtHand(self.pool)
        self.command_ids = CommandIds(namespace=self.namespace, new_id=ids.new_uuid)
        self.directory: Directory = PostgresDirectory(self.pool)
        self.operators: OperatorKeys = PostgresOperators(self.pool)
        self.deliveries = PostgresDeliveryArchive(self.pool)
        self.correlation = ViewCorrelation(self.pool)
        self.operation_queue = PostgresOperationQueue(self.pool)
        self.timer_queue = PostgresTimerQueue(self.pool)
        self.synced_days = PostgresSyncedDays(self.pool)
        self.accounts = accounts_of(settings)
        self.provider_timeout_s = max(account.timeout_s for account in self.accounts)
        """How long the slowest of them may take: nobody takes an operation for abandoned before."""
        self.inbox = PostgresInbox(self.pool, lease_s=DELIVERY_CALLS_MAX * self.provider_timeout_s + PROVIDER_GRACE_S)
        self.dead_letters = DeadLetters(
            store=self.store,
            retriers={
                DeadLetterKind.WEBHOOK: DeliveryRetrier(self.inbox),
                DeadLetterKind.COMMAND: OperationRetrier(self.operation_queue, utc_now),
                DeadLetterKind.TIMER: TimerRetrier(self.timer_queue, utc_now),
            },
            now=utc_now,
        )
        self.bank_accounts = BankAccounts(store=self.store, check=account_fault, now=utc_now, new_id=ids.new_uuid)
        self.bus = Bus(settings.nats_reader_url or settings.nats_url)
        self.listener = Listener(self.bus, self.store_id)
        self.conditions = Expressions()
        self.fx_rates = FxRates(self.store, now=utc_now)
        self.rate_book = RateBook(self.store)
        self.terms_book = TermsBook(self.store)
        self.routing_policies = RoutingPolicies(
            self.store,
            providers=tuple(account.name for account in self.accounts),
            fault_of=fault_of,
            now=utc_now,
        )
        self.terms = TermsCommands(self.store, now=utc_now)
        self._room = Room()
        self._clock = Refreshing(self._read_clock, name="the database's clock", every_s=CLOCK_READ_EVERY_S)

    async def __aenter__(self) -> Self:
        # First what an operator may have written down wrong: nothing is open yet that would have to be closed.
        async with AsyncExitStack() as connecting:
            self.connectors, self.bank = await connecting.enter_async_context(outside(self.settings, self.accounts))
            self._connected = connecting.pop_all()
        await self.pool.open()
        await self._clock.start()
        self._watching = asyncio.create_task(fence_of(self.settings.database_url).watch(self.settings.database_url))
        self.committer.start()
        self.bus.start()
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
            prepare=self.conditions.prepare,
        )
        self.pricing_contexts = CurrentPricingContexts(
            terms_of=self.terms_book.of, rates=lambda: self.rate_book.rates, is_holiday=is_holiday
        )
        self.funds = Funds(
            store=self.store,
            pool=self.pool,
            bank=self.bank,
            bank_accounts=self.bank_accounts,
            command_ids=self.command_ids,
            pricing_contexts=self.pricing_contexts,
            plans=self.terms_book.fee_plan,
        )
        self.lost_charges = LostCharges(
            pins=self.gate,
            unlisted={name: each.provider for name, each in self.connectors.items() if each.listing is None},
            attempts_max=len(self.connectors),
            now=utc_now,
        )
        self.operations = Operations(
            store=self.store,
            queue=self.operation_queue,
            providers={name: RetryingProvider(circuit, circuit.refuses) for name, circuit in circuits.items()},
            answers=render_response,
            pricing_contexts=self.pricing_contexts,
            policies=replace(DEFAULT_POLICIES, recovery=in_doubt_after(self.settings.in_doubt_after_s)),
            routing=self.routing,
            lost=self.lost_charges,
            letters=self.dead_letters,
            now=utc_now,
            inflight_grace_s=self.provider_timeout_s + PROVIDER_GRACE_S,
            refusal_stands_after_s=self.settings.refusal_stands_after_s,
        )
        self.adoptions = Adoptions(
            store=self.store,
            pricing_contexts=self.pricing_contexts,
            correlation=self.correlation,
            keeps_open=self.operations.keeps_open,
            now=utc_now,
        )
        self.operator_records = OperatorRecords(
            store=self.store,
            adoptions=self.adoptions,
            deliveries=self.deliveries,
            notifications=self.notifications,
            dead_letters=self.dead_letters,
        )
        self.disputes = Disputes(
            store=self.store,
            pricing_contexts=self.pricing_contexts,
            dispute_apis={
                name: each.dispute_api for name, each in self.connectors.items() if each.dispute_api is not None
            },
            files=PostgresEvidenceFiles(self.pool),
            now=utc_now,
            new_id=ids.new_uuid,
        )
        self.notices = Notices(
            store=self.store,
            operations=self.operations,
            adoptions=self.adoptions,
            correlation=self.correlation,
            now=utc_now,
        )
        self.explanations = Explanations(
            store=self.store,
            correlation=self.correlation,
            notices=self.notices,
            disputes=DisputeNotices(self.disputes.money),
        )
        self.orphan_acts = Orphans(
            self.orphans, {name: connector.provider for name, connector in self.connectors.items()}, utc_now
        )
        self.reopening = Reopening(
            explanations=self.explanations,
            store=self.store,
            orphans=self.orphans,
            listings={name: each.listing for name, each in self.connectors.items() if each.listing is not None},
            bank=self.bank,
            taken=self.funds.payouts_taken,
            now=utc_now,
        )
        recovery_lease_s = RECOVERY_CALLS_MAX * self.provider_timeout_s + PROVIDER_GRACE_S
        self.recovery = Recovery(
            store=self.store,
            queue=self.operation_queue,
            operations=self.operations,
            letters=self.dead_letters,
            now=utc_now,
            new_id=ids.new_uuid,
            lease_s=recovery_lease_s,
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
        self.doubts = Doubts(
            store=self.store,
            queue=self.operation_queue,
            operations=self.operations,
            answers_within_s=self.provider_timeout_s + PROVIDER_GRACE_S,
            lease_s=recovery_lease_s,
        )
        with suppress(StoreUnavailable):
            await self.namespace()  # So that no merchant waits for it; whoever needs it reads it otherwise.
        for book in (self.gate, self.routing, self.terms_book, self.rate_book):
            await book.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.recovery.aclose()
        for book in (self.gate, self.routing, self.terms_book, self.rate_book):
            await book.aclose()
        await self.disputes.aclose()
        await self._clock.aclose()
        await self._connected.aclose()
        await self.committer.aclose()
        await self.bus.aclose()
        await self.pool.aclose()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    async def _read_clock(self) -> None:
        async with self.pool.connection() as connection:
            await CLOCK.read(connection)

    async def _recent_figures(self) -> Mapping[ProviderName, Figures]:
        async with self.pool.connection() as connection:
            return figures_of(await recent_health(connection, utc_now() - HEALTH_WINDOW))

    @property
    def notifications(self) -> Mapping[ProviderName, Notifications]:
        """Every provider's webhooks."""
        return {name: connector.notifications for name, connector in self.connectors.items()}

    async def condition(self) -> Condition:
        """How the system is, as far as the listener has heard. Raises StoreUnavailable."""
        told = self.listener.position
        async with self.pool.connection() as connection:
            machine = Machine(
                ahead_s=CLOCK.machine_ahead_s,
                free_bytes=free_bytes(default_home()),
                has_room=await self._room.is_there(connection),
            )
            return await read_condition(connection, told, tuple(APPLICATIONS), now=CLOCK.now(), machine=machine)

    async def has_room(self) -> bool:
        """Whether the database's disk has any. Raises StoreUnavailable."""
        async with self.pool.connection() as connection:
            return await self._room.is_there(connection)

    async def has_standby(self) -> bool:
        """Whether a standby confirms commits, where they wait for one. Raises StoreUnavailable."""
        async with self.pool.connection() as connection:
            return not none_confirms(await awaited_standbys(connection))

    async def store_id(self) -> UUID:
        """Which store the database holds now. Raises StoreUnavailable."""
        async with self.pool.connection() as connection:
            return (await identity_of(connection)).store_id
