"""/v1/provider_webhooks: providers' notifications, accepted by signature and kept; they are processed later."""

from typing import Any, Final

from litestar import Controller, Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from application.webhook_in.intake import ProviderWebhooks
from interfaces import ids
from interfaces.http.server.bodies import Bodies, whole_body
from interfaces.http.server.capacity import Capacity
from interfaces.http.server.documented import replies
from interfaces.http.server.parts import parts
from interfaces.http.server.reply import resource

DELIVERIES_MAX: Final = 768
"""Deliveries in hand in one process, apart from commands: a provider that repeats itself excludes neither payments nor
other providers, and repeats a refused delivery."""


class Received(Struct, frozen=True, kw_only=True):
    """The delivery is kept: a provider need not send it again."""

    delivery_id: str


class ProviderWebhookController(Controller):
    path = "/v1/provider_webhooks"
    tags = ("Provider webhooks",)
    dependencies = parts(provider_webhooks=ProviderWebhooks)

    def __init__(self, owner: Router) -> None:
        super().__init__(owner)
        self._bodies = Bodies()
        self._capacity = Capacity(DELIVERIES_MAX)

    @post(
        "/{provider:str}",
        operation_id="receive_provider_webhook",
        summary="A provider's notification",
        responses=replies(
            200,
            Received,
            "It is kept",
            404,
            413,
            titles={401: "Not signed by the provider, or too long ago", 404: "No such provider"},
        ),
        status_code=200,
    )
    async def receive(
        self,
        request: Request[Any, Any, Any],
        provider_webhooks: NamedDependency[ProviderWebhooks],
        provider: FromPath[str],
    ) -> Response[Any]:
        """For providers, not for merchants: needs no API key but the provider's own signature over the body's bytes.
        It is answered once the delivery is durable, before anything is made of it."""
        # The body is not an argument: nobody has it read for a provider that we do not know, and until it is there
        # nobody holds what others need.
        provider_webhooks.require_known(provider)
        body = await self._bodies.read(provider, lambda: whole_body(request.scope, request.receive))
        with self._capacity.one(provider):
            delivery_id = await provider_webhooks.receive(provider, request.headers, body)
        return resource(Received(delivery_id=ids.text_of(ids.DELIVERY, delivery_id)))
