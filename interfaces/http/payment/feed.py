"""/v1/events: everything that happened to a merchant's payments, in order, without a gap, from any position on."""

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import replies
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.payment_history import TimelineResource, merchant_timeline_resource
from projections.payment.audit_timeline import AUDIT_TIMELINE, of_merchant_after

PAGE_EVENTS_MAX = 500
POSITION_MAX = 2**53
"""The largest integer that every JSON reader keeps exact."""


class Feed(Struct, frozen=True, kw_only=True):
    """Ask again with `after` set to `next`: nothing is passed over, nothing comes twice."""

    events: list[TimelineResource]
    next: int
    has_more: bool


class EventController(Controller):
    path = "/v1/events"
    tags = ("Events",)

    @get(
        "/",
        operation_id="list_events",
        summary="The feed of everything",
        responses=replies(200, Feed, "Events after that position"),
    )
    async def feed(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        after: Annotated[int, QueryParameter(ge=0, le=POSITION_MAX, description="A position; 0 for the beginning")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_EVENTS_MAX)] = 100,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the audit_timeline view, which takes every event in, in the order of the store."""
        reached = await wait_for_position(services, AUDIT_TIMELINE, position)
        async with services.reader() as connection:
            found = await of_merchant_after(connection, request.user.merchant_id, after, positions_max=limit + 1)
        page = found[:limit]
        feed = Feed(
            events=list(map(merchant_timeline_resource, await services.store.at(page))),
            next=page[-1] if page else after,
            has_more=len(found) > limit,
        )
        return resource(feed, reached)
