"""Providers' webhooks: the inbox that keeps them, the worker's way through it, and what operators record by hand."""

from collections.abc import Mapping

from application.dead_letter.commands import Retrier
from application.provider.webhook import Notifications
from application.webhook_in.inbox import DeliveryArchive
from application.webhook_in.intake import ProviderWebhooks
from application.webhook_in.operator_records import OperatorRecords
from application.webhook_in.processor import Deliveries, DeliveryRetrier
from domain.dead_letter.events import DeadLetterKind
from domain.identifiers import ProviderName
from infrastructure.postgres.inbox.delivery_archive import PostgresDeliveryArchive
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from infrastructure.postgres.inbox.inbox import PostgresInbox
from infrastructure.postgres.queued import Queue
from interfaces import ids
from interfaces.composition.capability import Capability
from interfaces.composition.clock import utc_now
from interfaces.composition.dead_letter import DeadLetterParts
from interfaces.composition.dispute import DisputeParts
from interfaces.composition.payment import RECOVERY_CALLS_MAX, PaymentParts
from interfaces.composition.shared import Shared
from interfaces.runtime.worker import Task

DELIVERY_CALLS_MAX = RECOVERY_CALLS_MAX
"""A notification may cause the same calls as a recovery."""


class WebhookInParts(Capability, frozen=True, kw_only=True):
    inbox: PostgresInbox
    archive: DeliveryArchive
    notifications: Mapping[ProviderName, Notifications]
    operator_records: OperatorRecords
    deliveries: Deliveries
    intake: ProviderWebhooks
    writer: DeliveryWriter
    """Connects to the database with the first delivery, so only in a process that takes deliveries in."""

    async def start(self) -> None:
        self.writer.start()

    async def aclose(self) -> None:
        await self.writer.aclose()

    def route_parts(self) -> Mapping[str, object]:
        return {"provider_webhooks": self.intake, "deliveries": self.archive}

    def worker_tasks(self) -> Mapping[str, Task]:
        return {"webhooks": self.deliveries.run}


def retriers(shared: Shared) -> Mapping[DeadLetterKind, Retrier]:
    return {DeadLetterKind.WEBHOOK: DeliveryRetrier(_inbox(shared))}


def wire(shared: Shared, dead_letter: DeadLetterParts, payment: PaymentParts, dispute: DisputeParts) -> WebhookInParts:
    inbox, archive = _inbox(shared), PostgresDeliveryArchive(shared.pool)
    writer = DeliveryWriter(shared.settings.database_url)
    notifications = {name: connector.notifications for name, connector in shared.connectors.items()}
    return WebhookInParts(
        inbox=inbox,
        archive=archive,
        notifications=notifications,
        operator_records=OperatorRecords(
            store=shared.store,
            adoptions=payment.adoptions,
            deliveries=archive,
            notifications=notifications,
            dead_letters=dead_letter.commands,
        ),
        deliveries=Deliveries(
            inbox=inbox,
            correlation=payment.correlation,
            store=shared.store,
            notices=payment.notices,
            disputes=dispute.notices,
            dead_letters=dead_letter.commands,
            notifications=notifications,
            wakeups=shared.leases.queued[Queue.DELIVERIES],
        ),
        intake=ProviderWebhooks(
            notifications=notifications,
            intake=writer,
            now=utc_now,
            new_id=ids.new_uuid,
            watcher=shared.instruments.deliveries,
        ),
        writer=writer,
    )


def _inbox(shared: Shared) -> PostgresInbox:
    return PostgresInbox(shared.pool, lease_s=shared.lease_s(calls_max=DELIVERY_CALLS_MAX))
