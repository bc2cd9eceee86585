"""Payments: their commands, and the recovery, timers and notifications that continue them."""

from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from application.dead_letter.commands import Retrier
from application.payment.adoption import Adoptions
from application.payment.apply_notification import Notices
from application.payment.commands import Payments
from application.payment.correlation import Correlation
from application.payment.in_doubt import Doubts
from application.payment.lost_charges import LostCharges
from application.payment.operation import Operations
from application.payment.operation_queue import OperationQueue
from application.payment.recovery import OperationRetrier, Recovery
from application.payment.timers import TimerRetrier, Timers
from application.terms.policies import DEFAULT_POLICIES, in_doubt_after
from application.work.wakeups import Wakeups, repeatedly, when_due
from domain.dead_letter.events import DeadLetterKind
from infrastructure.postgres.event_store.correlation import ViewCorrelation
from infrastructure.postgres.operation_queue import PostgresOperationQueue
from infrastructure.postgres.queued import Queue
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from infrastructure.provider.retrying import RetryingProvider
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.dead_letter import DeadLetterParts
from interfaces.composition.routing import RoutingParts
from interfaces.composition.shared import Shared
from interfaces.composition.terms import TermsParts
from interfaces.resources.payment_answer import render_response
from interfaces.runtime.worker import Task

RECOVERY_CALLS_MAX = 3
"""To a provider, in one try: a look-up, a repeat, and a look-up of a refused repeat."""
TIMER_CALLS_MAX = 3
"""To a provider, in one try: a look-up, a cancellation, and another look-up."""
RECOVERY_EVERY_S = 1.0
TIMERS_EVERY_S = 5.0


class PaymentParts(Capability, frozen=True, kw_only=True):
    commands: Payments
    operations: Operations
    operation_queue: PostgresOperationQueue
    adoptions: Adoptions
    correlation: Correlation
    notices: Notices
    lost_charges: LostCharges
    doubts: Doubts
    recovery: Recovery
    timers: Timers
    inflight_grace_s: float
    growth: Wakeups
    made_due: Wakeups
    caught_up: Wakeups

    async def aclose(self) -> None:
        await self.commands.aclose()
        await self.recovery.aclose()

    def route_parts(self) -> Mapping[str, object]:
        return {"payments": self.commands}

    def worker_tasks(self) -> Mapping[str, Task]:
        # At start-up too: a younger operation may be at the provider, in the hands of an API that lives.
        older_than = {"older_than_s": self.inflight_grace_s}

        async def recover() -> float:
            return await when_due(
                partial(self.recovery.idle_s, **older_than), partial(self.recovery.sweep, **older_than)
            )

        async def end_alerts() -> float:
            return await when_due(self.recovery.letters_idle_s, self.recovery.end_alerts)

        async def fire_timers() -> float:
            return await when_due(self.timers.idle_s, self.timers.sweep)

        return {
            "recovery": lambda: repeatedly(recover, wakeups=self.made_due, poll_s=RECOVERY_EVERY_S),
            "recovery's letters": lambda: repeatedly(end_alerts, wakeups=self.growth, poll_s=RECOVERY_EVERY_S),
            "timers": lambda: repeatedly(fire_timers, wakeups=self.caught_up, poll_s=TIMERS_EVERY_S),
        }


def retriers(shared: Shared) -> Mapping[DeadLetterKind, Retrier]:
    return {
        DeadLetterKind.COMMAND: OperationRetrier(PostgresOperationQueue(shared.pool), utc_now),
        DeadLetterKind.TIMER: TimerRetrier(PostgresTimerQueue(shared.pool), utc_now),
    }


def wire(shared: Shared, terms: TermsParts, routing: RoutingParts, dead_letter: DeadLetterParts) -> PaymentParts:
    queue = PostgresOperationQueue(shared.pool)
    lost_charges = _lost_charges(shared)
    correlation = ViewCorrelation(shared.pool)
    operations = _operations(shared, queue, terms, routing, dead_letter, lost_charges)
    adoptions = Adoptions(
        store=shared.store,
        pricing_contexts=terms.pricing_contexts,
        correlation=correlation,
        keeps_open=operations.calls.keeps_open,
        now=utc_now,
    )
    recovery = _recovery(shared, queue, operations, dead_letter)
    shared.leases.queued[Queue.TIMERS].wake_too(shared.caught_up.wakeups)
    return PaymentParts(
        commands=Payments(
            store=shared.store,
            operations=operations,
            recovery=recovery,
            answers=render_response,
            pricing_contexts=terms.pricing_contexts,
            routing=routing.active,
            lost=lost_charges,
            now=utc_now,
            ids=shared.command_ids,
        ),
        operations=operations,
        operation_queue=queue,
        adoptions=adoptions,
        correlation=correlation,
        notices=Notices(
            store=shared.store, operations=operations, adoptions=adoptions, correlation=correlation, now=utc_now
        ),
        lost_charges=lost_charges,
        doubts=Doubts(
            store=shared.store,
            queue=queue,
            operations=operations,
            answers_within_s=shared.inflight_grace_s,
            lease_s=shared.lease_s(calls_max=RECOVERY_CALLS_MAX),
        ),
        recovery=recovery,
        timers=_timers(shared, operations, dead_letter),
        inflight_grace_s=shared.inflight_grace_s,
        growth=shared.listener.wakeups,
        made_due=shared.leases.queued[Queue.OPERATIONS],
        caught_up=shared.caught_up.wakeups,
    )


def _lost_charges(shared: Shared) -> LostCharges:
    return LostCharges(
        pins=shared.gate,
        unlisted={name: each.provider for name, each in shared.connectors.items() if each.listing is None},
        attempts_max=len(shared.connectors),
        now=utc_now,
    )


def _operations(
    shared: Shared,
    queue: OperationQueue,
    terms: TermsParts,
    routing: RoutingParts,
    dead_letter: DeadLetterParts,
    lost: LostCharges,
) -> Operations:
    return Operations(
        store=shared.store,
        queue=queue,
        providers={name: RetryingProvider(circuit, circuit.refuses) for name, circuit in shared.circuits.items()},
        answers=render_response,
        pricing_contexts=terms.pricing_contexts,
        policies=replace(DEFAULT_POLICIES, recovery=in_doubt_after(shared.settings.in_doubt_after_s)),
        routing=routing.active,
        lost=lost,
        letters=dead_letter.commands,
        now=utc_now,
        inflight_grace_s=shared.inflight_grace_s,
        refusal_stands_after_s=shared.settings.refusal_stands_after_s,
    )


def _recovery(shared: Shared, queue: OperationQueue, operations: Operations, dead_letter: DeadLetterParts) -> Recovery:
    return Recovery(
        store=shared.store,
        queue=queue,
        operations=operations,
        letters=dead_letter.commands,
        now=utc_now,
        new_id=ids.new_uuid,
        lease_s=shared.lease_s(calls_max=RECOVERY_CALLS_MAX),
    )


def _timers(shared: Shared, operations: Operations, dead_letter: DeadLetterParts) -> Timers:
    return Timers(
        store=shared.store,
        queue=PostgresTimerQueue(shared.pool),
        operations=operations,
        letters=dead_letter.commands,
        now=utc_now,
        new_id=ids.new_uuid,
        lease_s=shared.lease_s(calls_max=TIMER_CALLS_MAX),
    )
