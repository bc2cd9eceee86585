"""/v1/refunds: a merchant's refunds and their results."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from application.payment.loaded import PaymentNotFound, loaded_from
from application.write.recording import position_with_entry
from application.write.store import Verb
from domain.identifiers import OperationId, PaymentId
from domain.payment.status import OperationStatus
from interfaces import ids
from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import InstantParameter, cursor_uuid, member_named
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import optional_instant
from interfaces.resources.refund import RefundPage, RefundRecord, refund_record
from interfaces.resources.refusals import ParameterInvalid, RefundNotFound
from projections.payment import refunds
from projections.payment.refunds import REFUNDS, refunds_of

PAGE_REFUNDS_MAX = 100
StatusParameter = Annotated[str | None, QueryParameter(name="status", schema_extra={"enum": [*OperationStatus]})]
CursorParameter = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before", schema_extra={"pattern": ids.pattern(ids.REFUND)}),
]


class RefundController(Controller):
    path = "/v1/refunds"
    tags = ("Refunds",)

    @get(
        "/",
        operation_id="list_refunds",
        summary="All refunds",
        responses=replies(200, RefundPage, "A page of refunds"),
    )
    async def page(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        in_status: StatusParameter = None,
        payment_id: Annotated[str | None, QueryParameter()] = None,
        created_after: InstantParameter = None,
        created_before: InstantParameter = None,
        cursor: CursorParameter = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_REFUNDS_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the refunds view, newest first."""
        payment = None if payment_id is None else ids.parse(payment_id, ids.PAYMENT, ids.INTENT)
        if payment_id is not None and payment is None:
            raise ParameterInvalid(field="payment_id", reason="expected the id of a payment")
        status, before = member_named(OperationStatus, "status", in_status), cursor_uuid(cursor, ids.REFUND)
        since = optional_instant("created_after", created_after)
        until = optional_instant("created_before", created_before)
        reached = await wait_for_position(services, REFUNDS, position)
        async with services.reader() as connection:
            rows = await refunds.search(
                connection,
                merchant_id=request.user.merchant_id,
                rows_max=limit + 1,
                before=before,
                status=status,
                payment_id=payment,
                created_after=since,
                created_before=until,
            )
        page = list(map(refund_record, rows[:limit]))
        more = page[-1].refund_id if len(rows) > limit else None
        return resource(RefundPage(refunds=page, next_cursor=more), reached)

    @get(
        "/{refund_id:str}",
        operation_id="get_refund",
        summary="One refund",
        responses=replies(200, RefundRecord, "The refund", 404, titles={404: "No such refund, or not yours"}),
    )
    async def get_one(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], refund_id: FromPath[str]
    ) -> Response[Any]:
        """Folded from the payment's own events at this moment: never behind."""
        uuid = ids.parse(refund_id, ids.REFUND)
        payment_id = None if uuid is None else await _payment_of(services, uuid)
        if payment_id is None:
            raise RefundNotFound()
        history = await services.store.history(payment_id)
        try:
            loaded_from(payment_id, history).owned_by(request.user.merchant_id)
        except PaymentNotFound:
            raise RefundNotFound() from None
        row = next((row for row in refunds_of(history) if row.refund_id == uuid), None)
        if row is None:
            raise RefundNotFound()
        return resource(refund_record(row), position_with_entry(history[-1]))


async def _payment_of(services: Services, refund_id: UUID) -> PaymentId | None:
    """The refund's payment: from the claim of its command, which is never behind, or from the view for a refund made at
    the provider."""
    claim = await services.store.claim_by_operation(OperationId(refund_id))
    if claim is not None:
        return PaymentId(claim.subject_id) if claim.verb is Verb.REFUND else None
    async with services.reader() as connection:
        found = await refunds.payment_of(connection, refund_id)
    return None if found is None else PaymentId(found)
