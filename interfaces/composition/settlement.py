"""Settlement: the settlement files of providers, and the release of funds that have become available."""

from collections.abc import Mapping

from application.settlement.commands import Settlements
from application.settlement.release import Releases
from application.work.wakeups import Wakeups, repeatedly, when_due
from infrastructure.postgres.funds.lots import PostgresDueLots
from infrastructure.postgres.funds.movements import ViewMovements
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared
from interfaces.composition.terms import TermsParts
from interfaces.runtime.worker import Task

RELEASES_EVERY_S = 5.0


class SettlementParts(Capability, frozen=True, kw_only=True):
    commands: Settlements
    releases: Releases
    growth: Wakeups

    def worker_tasks(self) -> Mapping[str, Task]:
        async def release_funds() -> float:
            return await when_due(self.releases.idle_s, self.releases.sweep)

        return {"releases": lambda: repeatedly(release_funds, wakeups=self.growth, poll_s=RELEASES_EVERY_S)}


def wire(shared: Shared, terms: TermsParts) -> SettlementParts:
    return SettlementParts(
        commands=Settlements(
            store=shared.store,
            finder=ViewMovements(shared.pool),
            pricing_contexts=terms.pricing_contexts,
            plans=terms.agreed.fee_plan,
            now=utc_now,
        ),
        releases=Releases(store=shared.store, lots=PostgresDueLots(shared.pool), now=utc_now, new_id=ids.new_uuid),
        growth=shared.listener.wakeups,
    )
