"""Providers' webhook deliveries as operators see them, with the body as it came."""

import base64
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from application.webhook_in.inbox import DeliveryState, StoredDelivery
from domain.dead_letter.events import DeadLetterKind
from interfaces import ids


class DeliveryResource(Struct, frozen=True, kw_only=True):
    """`body` is text, or base64 where its bytes are no UTF-8 (`body_encoding`). Of a refused delivery only the
    beginning is kept: `body_sha256` is that of the whole. `event_id` is the provider's name of the notification."""

    delivery_id: str
    provider: str
    received_at: datetime
    state: DeliveryState
    result: str | None
    tries: int
    next_try_at: datetime | None
    event_id: str | None
    payment_id: str | None
    headers: Mapping[str, str]
    body: str
    body_encoding: str
    body_sha256: str


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """Newest first; `next_cursor` is null on the last page."""

    webhook_deliveries: list[DeliveryResource]
    next_cursor: str | None


def delivery_of_letter(kind: DeadLetterKind, subject: str) -> UUID | None:
    """The delivery that a dead letter is about; None when it is about something else."""
    return UUID(subject) if kind is DeadLetterKind.WEBHOOK else None


def delivery_resource(delivery: StoredDelivery) -> DeliveryResource:
    try:
        body, encoding = delivery.body.decode(), "text"
    except UnicodeDecodeError:
        body, encoding = base64.b64encode(delivery.body).decode(), "base64"
    return DeliveryResource(
        delivery_id=ids.text_of(ids.DELIVERY, delivery.id),
        provider=delivery.provider,
        received_at=delivery.received_at,
        state=delivery.state,
        result=delivery.result,
        tries=delivery.tries,
        next_try_at=delivery.next_try_at,
        event_id=delivery.event_id,
        payment_id=None if delivery.payment_id is None else ids.text_of(ids.PAYMENT, delivery.payment_id),
        headers=delivery.headers,
        body=body,
        body_encoding=encoding,
        body_sha256=delivery.body_sha256.hex(),
    )
