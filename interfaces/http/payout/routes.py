"""/v1/payouts: a merchant's payouts, created, listed and canceled."""

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from application.payout.bank_accounts import BankAccountNotFound
from application.payout.commands import Payouts
from application.payout.loaded import PayoutNotFound
from domain.identifiers import BankAccountId, MerchantId, PayoutId
from domain.money.money import Money
from domain.payout.create import CreatePayout
from domain.payout.events import PayoutTrigger
from domain.payout.status import PayoutStatus
from interfaces import ids
from interfaces.http.payout.bodies import CreatePayoutBody
from interfaces.http.server.body import decode
from interfaces.http.server.caller import AuthenticatedRequest, caller_of
from interfaces.http.server.documented import accepts, replies
from interfaces.http.server.parameters import cursor_uuid, member_named
from interfaces.http.server.parts import parts
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import answered, resource
from interfaces.http.server.services import Services
from interfaces.resources.payout import PayoutPage, PayoutResource, payout_resource, payout_row_resource
from interfaces.resources.refusals import OtherMerchant
from projections.payout.payouts import PAYOUTS, of_merchant

PAGE_PAYOUTS_MAX = 100
StatusParameter = Annotated[str | None, QueryParameter(name="status", schema_extra={"enum": [*PayoutStatus]})]
CursorParameter = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before", schema_extra={"pattern": ids.pattern(ids.PAYOUT)}),
]
TITLES = {
    404: "No such payout or bank account, or not yours",
    409: "The payout's status does not allow it, or something is in flight",
    422: "Not so much is available, no bank would take it, or the key belongs to another request",
}


class PayoutController(Controller):
    path = "/v1/payouts"
    tags = ("Payouts",)
    dependencies = parts(payouts=Payouts)

    @post(
        "/",
        operation_id="create_payout",
        summary="Pay out",
        operation_class=accepts(CreatePayoutBody, key_needed=True),
        responses=replies(201, PayoutResource, "The payout", 403, 404, 409, 413, 422, titles=TITLES),
    )
    async def create(
        self, request: AuthenticatedRequest, payouts: NamedDependency[Payouts], body: RawBody
    ) -> Response[Any]:
        """The amount leaves `available` at once, or the payout is refused. It goes to the bank with the next file; one
        above the sum that is agreed is `held` until somebody here has looked at it."""
        asked = decode(CreatePayoutBody, body)
        if asked.merchant_id not in (None, request.user.merchant_id):
            raise OtherMerchant()
        caller = caller_of(request, asked, asked.idempotency_key, key_needed=True)
        account_id = ids.parse(asked.bank_account_id, ids.BANK_ACCOUNT)
        if account_id is None:
            raise BankAccountNotFound()
        command = CreatePayout(
            merchant_id=MerchantId(request.user.merchant_id),
            amount=Money(asked.amount, asked.currency),
            bank_account_id=BankAccountId(account_id),
            trigger=PayoutTrigger.REQUESTED,
            description=asked.description,
        )
        return answered(await payouts.create(command, caller))

    @get(
        "/",
        operation_id="list_payouts",
        summary="All payouts",
        responses=replies(200, PayoutPage, "A page of payouts"),
    )
    async def page(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        in_status: StatusParameter = None,
        cursor: CursorParameter = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_PAYOUTS_MAX)] = 20,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the payouts view."""
        status, before = member_named(PayoutStatus, "status", in_status), cursor_uuid(cursor, ids.PAYOUT)
        reached = await wait_for_position(services, PAYOUTS, position)
        async with services.reader() as connection:
            rows = await of_merchant(
                connection, request.user.merchant_id, rows_max=limit + 1, before=before, status=status
            )
        page = list(map(payout_row_resource, rows[:limit]))
        more = page[-1].payout_id if len(rows) > limit else None
        return resource(PayoutPage(payouts=page, next_cursor=more), reached)

    @get(
        "/{payout_id:str}",
        operation_id="get_payout",
        summary="One payout",
        responses=replies(200, PayoutResource, "The payout", 404, titles=TITLES),
    )
    async def show(
        self, request: AuthenticatedRequest, payouts: NamedDependency[Payouts], payout_id: FromPath[str]
    ) -> Response[Any]:
        """Never behind."""
        loaded = await payouts.get(payout_id_of(payout_id), request.user.merchant_id)
        return resource(payout_resource(loaded), loaded.position)

    @post(
        "/{payout_id:str}/cancel",
        operation_id="cancel_payout",
        summary="Cancel a payout",
        responses=replies(200, PayoutResource, "The payout", 404, 409, titles=TITLES),
        status_code=200,
    )
    async def cancel(
        self, request: AuthenticatedRequest, payouts: NamedDependency[Payouts], payout_id: FromPath[str]
    ) -> Response[Any]:
        """Only while it is `held` or `pending`; its money is `available` again. Canceling it again changes nothing."""
        caller = caller_of(request, None, None, key_needed=False)
        loaded = await payouts.cancel(payout_id_of(payout_id), caller)
        return resource(payout_resource(loaded), loaded.position)


def payout_id_of(text: str) -> PayoutId:
    """The id in a path. Raises PayoutNotFound for other text."""
    uuid = ids.parse(text, ids.PAYOUT)
    if uuid is None:
        raise PayoutNotFound()
    return PayoutId(uuid)
