"""/v1/operator/webhook_deliveries: providers' deliveries as they came, and their results."""

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from application.webhook_in.inbox import DeliveryArchive, DeliveryState
from domain.identifiers import ProviderName
from interfaces import ids
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import cursor_uuid, member_named
from interfaces.http.server.parts import parts
from interfaces.http.server.reply import resource
from interfaces.resources.delivery import DeliveryPage, delivery_resource
from interfaces.resources.refusals import ParameterInvalid

PAGE_DELIVERIES_MAX = 100


class DeliveryController(Controller):
    path = "/v1/operator/webhook_deliveries"
    tags = ("Operators",)
    dependencies = parts(deliveries=DeliveryArchive)

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
        deliveries: NamedDependency[DeliveryArchive],
        provider: Annotated[str | None, QueryParameter(description="Only its deliveries")] = None,
        in_state: Annotated[
            str | None, QueryParameter(name="state", schema_extra={"enum": [str(state) for state in DeliveryState]})
        ] = None,
        cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_DELIVERIES_MAX)] = 20,
    ) -> Response[Any]:
        """From the inbox itself, which is never behind."""
        before = cursor_uuid(cursor, ids.DELIVERY)
        if provider is not None and "\0" in provider:
            raise ParameterInvalid(field="provider", reason="expected the name of a provider")
        found = await deliveries.search(
            deliveries_max=limit + 1,
            before=before,
            provider=None if provider is None else ProviderName(provider),
            state=member_named(DeliveryState, "state", in_state),
        )
        page = list(map(delivery_resource, found[:limit]))
        more = page[-1].delivery_id if len(found) > limit else None
        return resource(DeliveryPage(webhook_deliveries=page, next_cursor=more))
