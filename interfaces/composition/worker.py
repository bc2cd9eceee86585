"""What a worker runs."""

from typing import Any

from application.dispute.apply_notification import DisputeNotices
from application.dispute.deadlines import DisputeDeadlines
from application.restore.orphan_sweep import OrphanSweep
from application.webhook_in.processor import Deliveries
from infrastructure.nats.bus import Bus
from infrastructure.nats.feed import StoreFeed
from infrastructure.nats.relay import Relay
from infrastructure.observability.condition import RELAY
from infrastructure.postgres.bus_refusals import note_refusals
from infrastructure.postgres.connection.connecting import named
from infrastructure.postgres.connection.session import Session
from infrastructure.postgres.dispute.agenda import PostgresDisputeAgenda
from interfaces import ids
from interfaces.composition.clock import utc_now
from interfaces.composition.core import APPLICATIONS, PROVIDER_GRACE_S, Core
from interfaces.composition.schema import view_connection
from interfaces.runtime.worker import Task, every
from projections.engine.connection import REBUILD_SCHEMA
from projections.engine.outdated import OutdatedViews
from projections.engine.projector import Projector
from projections.engine.view import View
from projections.views import VIEWS

SWEEP_EVERY_S = 1.0
REFUSALS_EVERY_S = 1.0
TIMERS_EVERY_S = 5.0
RELEASES_EVERY_S = 5.0
PAYOUT_SCHEDULE_EVERY_S = 5.0
BANK_EVERY_S = 1.0
ORPHANS_EVERY_S = 5.0
DISPUTES_EVERY_S = 5.0


class ProjectorConnection(Session):
    """Of a batch of events; a rebuild may hold it up for as long as it puts its table in place."""

    answers_within_s = 20.0


def worker_tasks(core: Core) -> dict[str, Task]:
    """What a worker runs, by name."""
    feed = StoreFeed(core.store, core.listener)

    async def relay() -> None:
        session = named(core.settings.database_url, name=APPLICATIONS[RELAY])
        async with core.leases.held(RELAY), await Session.connect(session, autocommit=True) as connection:
            # As the one user of NATS that may publish; whatever else the process does only listens.
            bus = Bus(core.settings.nats_url)
            bus.start()
            try:
                await Relay(connection, bus).run()
            finally:
                await bus.aclose()

    async def project(view: View[Any]) -> None:
        session = view_connection(core.settings, application=APPLICATIONS[view.name], kind=ProjectorConnection)
        async with await session as connection:
            await Projector(view, connection=connection, feed=feed, turns=core.leases).run()

    async def report_refusals() -> None:
        await note_refusals(core.pool, core.listener.take_refused())

    async def recover() -> None:
        # At start-up too: a younger operation may be at the provider, in the hands of an API that lives.
        await core.recovery.sweep(older_than_s=core.provider_timeout_s + PROVIDER_GRACE_S)

    async def fire_timers() -> None:
        await core.timers.sweep()

    async def release_funds() -> None:
        await core.funds.releases.sweep()

    async def schedule_payouts() -> None:
        await core.funds.payout_schedule.sweep()

    async def webhooks() -> None:
        await Deliveries(
            inbox=core.inbox,
            correlation=core.correlation,
            store=core.store,
            notices=core.notices,
            disputes=DisputeNotices(core.disputes.money),
            dead_letters=core.dead_letters,
            notifications=core.notifications,
        ).run()

    deadlines = DisputeDeadlines(
        store=core.store,
        disputes=core.disputes,
        agenda=PostgresDisputeAgenda(core.pool),
        now=utc_now,
        new_id=ids.new_uuid,
        inflight_grace_s=core.provider_timeout_s + PROVIDER_GRACE_S,
    )

    outdated_views = OutdatedViews(
        VIEWS,
        core.store,
        lambda: view_connection(core.settings, REBUILD_SCHEMA, application="tallystick outdated views"),
    )
    orphans = OrphanSweep(orphans=core.orphans, explanations=core.explanations, new_id=ids.new_uuid)

    async def explain_orphans() -> None:
        await orphans.sweep()

    def projecting(view: View[Any]) -> Task:
        return lambda: project(view)

    def once_open(task: Task) -> Task:
        async def run() -> None:
            await core.gate.opened()
            await task()

        return run

    # What asks a provider or a bank for anything, or moves money, waits until a restored store is reopened.
    acting: dict[str, Task] = {
        "recovery": lambda: every(SWEEP_EVERY_S, recover),
        "recovery's letters": lambda: every(SWEEP_EVERY_S, core.recovery.end_alerts),
        "timers": lambda: every(TIMERS_EVERY_S, fire_timers),
        "releases": lambda: every(RELEASES_EVERY_S, release_funds),
        "disputes": lambda: every(DISPUTES_EVERY_S, deadlines.sweep),
        "webhooks": webhooks,
        "orphans": lambda: every(ORPHANS_EVERY_S, explain_orphans),
        "payout schedule": lambda: every(PAYOUT_SCHEDULE_EVERY_S, schedule_payouts),
        "payout files": lambda: every(core.settings.payout_batch_every_s, core.funds.payout_files.run),
        "payout reports": lambda: every(BANK_EVERY_S, core.funds.payout_reports.listen),
    }
    return {
        "leases": core.leases.renew,
        "relay": relay,
        "listener": core.listener.run,
        "feed": feed.run,
        "refusals": lambda: every(REFUSALS_EVERY_S, report_refusals),
        **{name: once_open(task) for name, task in acting.items()},
        "outdated views": outdated_views.run,
        **{f"projector {view.name}": projecting(view) for view in VIEWS.values()},
    }
