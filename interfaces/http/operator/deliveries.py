"""/v1/operator/webhook_deliveries: what providers sent us, as it came, and what became of it."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from application.webhook_in.inbox import DeliveryState, StoredDelivery
from domain.dead_letter.events import DeadLetterKind
from domain.identifiers import ProviderName
from interfaces import ids
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import behind, one_of
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.refusals import ParameterInvalid

PAGE_DELIVERIES_MAX = 100


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


class DeliveryController(Controller):
    path = "/v1/operator/webhook_deliveries"
    tags = ("Operators",)

    @get(
        "/",
        operation_id="list_webhook_deliveries",
        summary="What providers sent us",
        responses=replies(
            200,
            DeliveryPage,
            "A page of deliveries",
            404,
            titles={401: "No valid operator's key", 404: "Not an operator's key"},
        ),
    )
    async def search(
        self,
        services: NamedDependency[Services],
        provider: Annotated[str | None, QueryParameter(description="Only its deliveries")] = None,
        in_state: Annotated[
            str | None, QueryParameter(name="state", schema_extra={"enum": [str(state) for state in DeliveryState]})
        ] = None,
        cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_DELIVERIES_MAX)] = 20,
    ) -> Response[Any]:
        """From the inbox itself, which is never behind."""
        before = behind(cursor, ids.DELIVERY)
        if provider is not None and "\0" in provider:
            raise ParameterInvalid(field="provider", reason="expected the name of a provider")
        found = await services.deliveries.search(
            deliveries_max=limit + 1,
            before=before,
            provider=None if provider is None else ProviderName(provider),
            state=one_of(DeliveryState, "state", in_state),
        )
        page = list(map(delivery_resource, found[:limit]))
        more = page[-1].delivery_id if len(found) > limit else None
        return resource(DeliveryPage(webhook_deliveries=page, next_cursor=more))


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
