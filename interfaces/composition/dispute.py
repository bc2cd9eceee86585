"""Disputes: their commands, the notifications of providers about them, and their deadlines."""

from collections.abc import Mapping

from application.dispute.apply_notification import DisputeNotices
from application.dispute.commands import Disputes
from application.dispute.deadlines import DisputeDeadlines
from application.work.wakeups import Wakeups, repeatedly, when_due
from infrastructure.postgres.dispute.agenda import PostgresDisputeAgenda
from infrastructure.postgres.dispute.evidence_files import PostgresEvidenceFiles
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.shared import Shared
from interfaces.composition.terms import TermsParts
from interfaces.runtime.worker import Task

DEADLINES_EVERY_S = 5.0


class DisputeParts(Capability, frozen=True, kw_only=True):
    commands: Disputes
    notices: DisputeNotices
    deadlines: DisputeDeadlines
    caught_up: Wakeups

    async def aclose(self) -> None:
        await self.commands.aclose()

    def route_parts(self) -> Mapping[str, object]:
        return {"disputes": self.commands}

    def worker_tasks(self) -> Mapping[str, Task]:
        async def follow_deadlines() -> float:
            return await when_due(self.deadlines.idle_s, self.deadlines.sweep)

        return {"disputes": lambda: repeatedly(follow_deadlines, wakeups=self.caught_up, poll_s=DEADLINES_EVERY_S)}


def wire(shared: Shared, terms: TermsParts) -> DisputeParts:
    commands = Disputes(
        store=shared.store,
        pricing_contexts=terms.pricing_contexts,
        dispute_apis={
            name: each.dispute_api for name, each in shared.connectors.items() if each.dispute_api is not None
        },
        files=PostgresEvidenceFiles(shared.pool),
        now=utc_now,
        new_id=ids.new_uuid,
    )
    return DisputeParts(
        commands=commands,
        notices=DisputeNotices(commands.money),
        deadlines=DisputeDeadlines(
            store=shared.store,
            disputes=commands,
            agenda=PostgresDisputeAgenda(shared.pool),
            now=utc_now,
            new_id=ids.new_uuid,
            inflight_grace_s=shared.inflight_grace_s,
        ),
        caught_up=shared.caught_up.wakeups,
    )
