"""Dead letters as operators see them, each with the delivery that it is about."""

from datetime import datetime

from msgspec import Struct

from application.webhook_in.inbox import DeliveryArchive
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import DeadLetterState
from interfaces import ids
from interfaces.resources.delivery import DeliveryResource, delivery_of_letter, delivery_resource
from projections.dead_letter.dead_letters import DeadLetterRow


class DeadLetterResource(Struct, frozen=True, kw_only=True):
    """`subject` names the delivery, timer or operation; `note` is why it was closed, or what a retry brought;
    `last_actor` who did the last thing about it."""

    dead_letter_id: str
    kind: DeadLetterKind
    subject: str
    state: DeadLetterState
    reason: str
    note: str | None
    provider: str | None
    payment_id: str | None
    merchant_id: str
    retries: int
    last_actor: str
    recorded_at: datetime
    updated_at: datetime


class DeadLetterDetail(Struct, frozen=True, kw_only=True):
    """A letter with the delivery it is about, as it came; null for one about something else."""

    dead_letter: DeadLetterResource
    delivery: DeliveryResource | None


class DeadLetterPage(Struct, frozen=True, kw_only=True):
    """Those recorded last first; `next_cursor` is null on the last page."""

    dead_letters: list[DeadLetterResource]
    next_cursor: str | None


async def letter_detail(row: DeadLetterRow, deliveries: DeliveryArchive) -> DeadLetterDetail:
    """Raises StoreUnavailable."""
    delivery_id = delivery_of_letter(row.kind, row.subject)
    delivery = None if delivery_id is None else await deliveries.find(delivery_id)
    return DeadLetterDetail(
        dead_letter=letter_resource(row), delivery=None if delivery is None else delivery_resource(delivery)
    )


def letter_resource(row: DeadLetterRow) -> DeadLetterResource:
    delivery_id = delivery_of_letter(row.kind, row.subject)
    return DeadLetterResource(
        dead_letter_id=ids.text_of(ids.DEAD_LETTER, row.letter_id),
        kind=row.kind,
        subject=row.subject if delivery_id is None else ids.text_of(ids.DELIVERY, delivery_id),
        state=row.state,
        reason=row.reason,
        note=row.note,
        provider=row.provider,
        payment_id=None if row.payment_id is None else ids.text_of(ids.PAYMENT, row.payment_id),
        merchant_id=row.merchant_id,
        retries=row.retries,
        last_actor=row.actor,
        recorded_at=row.recorded_at,
        updated_at=row.updated_at,
    )
