"""Restores: the reopening of a restored store, and the charges at providers that such a store does not know."""

from collections.abc import Mapping

from application.payment.orphans import OrphanRegister
from application.restore.commands import Reopening
from application.restore.explanation import Explanations
from application.restore.orphan_refund import Orphans
from application.restore.orphan_sweep import OrphanSweep
from application.work.wakeups import FALLBACK_S, Wakeups, repeatedly
from infrastructure.postgres.restore.orphans import PostgresOrphans
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.dispute import DisputeParts
from interfaces.composition.payment import PaymentParts
from interfaces.composition.payout import PayoutParts
from interfaces.composition.shared import Shared
from interfaces.runtime.worker import Task

ORPHANS_EVERY_S = 5.0


class RestoreParts(Capability, frozen=True, kw_only=True):
    commands: Reopening
    explanations: Explanations
    register: OrphanRegister
    orphans: Orphans
    orphan_sweep: OrphanSweep
    growth: Wakeups

    def worker_tasks(self) -> Mapping[str, Task]:
        async def explain_orphans() -> float:
            return 0.0 if await self.orphan_sweep.sweep() else FALLBACK_S

        return {"orphans": lambda: repeatedly(explain_orphans, wakeups=self.growth, poll_s=ORPHANS_EVERY_S)}


def wire(shared: Shared, payment: PaymentParts, dispute: DisputeParts, payout: PayoutParts) -> RestoreParts:
    register = PostgresOrphans(shared.pool)
    explanations = Explanations(
        store=shared.store, correlation=payment.correlation, notices=payment.notices, disputes=dispute.notices
    )
    return RestoreParts(
        commands=Reopening(
            explanations=explanations,
            store=shared.store,
            orphans=register,
            listings={name: each.listing for name, each in shared.connectors.items() if each.listing is not None},
            bank=shared.bank,
            taken=payout.taken,
            now=utc_now,
        ),
        explanations=explanations,
        register=register,
        orphans=Orphans(register, {name: each.provider for name, each in shared.connectors.items()}, utc_now),
        orphan_sweep=OrphanSweep(orphans=register, explanations=explanations, new_id=ids.new_uuid),
        growth=shared.listener.wakeups,
    )
