"""/v1/operator/payouts: held payouts to approve or cancel, and every other payout."""

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from application.payout.commands import Payouts
from domain.payout.status import PayoutStatus
from interfaces import ids
from interfaces.http.operator.bodies import CancelPayoutBody
from interfaces.http.payout.routes import PAGE_PAYOUTS_MAX, CursorParameter, StatusParameter, payout_id_of
from interfaces.http.server.body import decode
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.operators import OperatorRequest, operator_cause
from interfaces.http.server.parameters import cursor_uuid, member_named
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.payout import (
    OperatorPayoutPage,
    OperatorPayoutResource,
    operator_payout_resource,
    operator_payout_row_resource,
)
from projections.payout.payouts import PAYOUTS, search

TITLES = {
    401: "No valid operator's key",
    403: "An auditor only looks",
    404: "No such payout, or not an operator's key",
    409: "The payout's status does not allow it",
    422: "The reason cannot be kept",
}


class OperatorPayoutController(Controller):
    path = "/v1/operator/payouts"
    tags = ("Operators",)
    dependencies = parts(payouts=Payouts)

    @get(
        "/",
        operation_id="list_all_payouts",
        summary="Payouts of all merchants",
        responses=replies(200, OperatorPayoutPage, "A page of payouts", 404, titles=TITLES),
    )
    async def page(
        self,
        services: NamedDependency[Services],
        in_status: StatusParameter = None,
        cursor: CursorParameter = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_PAYOUTS_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the payouts view; `status=held` are those that wait for somebody."""
        status, before = member_named(PayoutStatus, "status", in_status), cursor_uuid(cursor, ids.PAYOUT)
        reached = await wait_for_position(services, PAYOUTS, position)
        async with services.reader() as connection:
            rows = await search(connection, rows_max=limit + 1, before=before, status=status)
        page = list(map(operator_payout_row_resource, rows[:limit]))
        more = page[-1].payout_id if len(rows) > limit else None
        return resource(OperatorPayoutPage(payouts=page, next_cursor=more), reached)

    @get(
        "/{payout_id:str}",
        operation_id="get_any_payout",
        summary="One payout",
        responses=replies(200, OperatorPayoutResource, "The payout", 404, titles=TITLES),
    )
    async def show(self, payouts: NamedDependency[Payouts], payout_id: FromPath[str]) -> Response[Any]:
        """Never behind."""
        loaded = await payouts.show(payout_id_of(payout_id))
        return resource(operator_payout_resource(loaded), loaded.position)

    @post(
        "/{payout_id:str}/approve",
        operation_id="approve_payout",
        summary="Let a held payout be sent",
        responses=replies(200, OperatorPayoutResource, "The payout", 403, 404, 409, titles=TITLES),
        status_code=200,
    )
    async def approve(
        self, request: OperatorRequest, payouts: NamedDependency[Payouts], payout_id: FromPath[str]
    ) -> Response[Any]:
        """It goes to the bank with the next file. Approving one that waits for that changes nothing."""
        loaded = await payouts.approve(payout_id_of(payout_id), operator_cause(request))
        return resource(operator_payout_resource(loaded), loaded.position)

    @post(
        "/{payout_id:str}/cancel",
        operation_id="cancel_any_payout",
        summary="Cancel a payout",
        operation_class=accepts(CancelPayoutBody, keyed=False),
        responses=replies(200, OperatorPayoutResource, "The payout", 403, 404, 409, 413, titles=TITLES),
        status_code=200,
    )
    async def cancel(
        self,
        request: OperatorRequest,
        payouts: NamedDependency[Payouts],
        payout_id: FromPath[str],
        body: RawBody,
    ) -> Response[Any]:
        """Only while it is `held` or `pending`, for a reason, which is kept with who gave it."""
        cause = operator_cause(request)
        reason = decode(CancelPayoutBody, body).reason
        loaded = await payouts.cancel_for(payout_id_of(payout_id), reason, cause)
        return resource(operator_payout_resource(loaded), loaded.position)
