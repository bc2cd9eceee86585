"""Search among a merchant's payments: `GET /v1/payments`."""

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from domain.money.currencies import READABLE_DECIMALS
from domain.money.money import AMOUNT_MINOR_MAX
from domain.payment.status import Status
from interfaces import ids
from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import replies
from interfaces.http.server.fields import CUSTOMER_ID_PATTERN
from interfaces.http.server.parameters import InstantParameter, cursor_uuid, member_named
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import optional_instant
from interfaces.resources.payment import PaymentResource, payment_row_resource
from interfaces.resources.refusals import ParameterInvalid
from projections.payment.status import PAYMENT_STATUS, AmountFilter, search

PAGE_ROWS_MAX = 100
StatusParameter = Annotated[str | None, QueryParameter(name="status", schema_extra={"enum": [*Status]})]
CurrencyParameter = Annotated[
    str | None, QueryParameter(description="Needed with an amount", schema_extra={"enum": sorted(READABLE_DECIMALS)})
]
AmountParameter = Annotated[
    int | None,
    QueryParameter(ge=1, le=AMOUNT_MINOR_MAX, description="Of the payment, in minor units of `currency`"),
]
CursorParameter = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before", schema_extra={"pattern": ids.pattern(ids.PAYMENT)}),
]


class PaymentPage(Struct, frozen=True, kw_only=True):
    """Newest first; `next_cursor` is null on the last page."""

    payments: list[PaymentResource]
    next_cursor: str | None


class PaymentSearchController(Controller):
    path = "/v1/payments"
    tags = ("Payments",)

    @get(
        "/",
        operation_id="search_payments",
        summary="Search payments",
        responses=replies(200, PaymentPage, "A page of payments"),
    )
    async def find(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        in_status: StatusParameter = None,
        customer_id: Annotated[str | None, QueryParameter(pattern=CUSTOMER_ID_PATTERN)] = None,
        currency: CurrencyParameter = None,
        amount: AmountParameter = None,
        amount_gte: AmountParameter = None,
        amount_lte: AmountParameter = None,
        created_after: InstantParameter = None,
        created_before: InstantParameter = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 20,
        cursor: CursorParameter = None,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """From the payment_status view, newest first. All filters together have to fit."""
        before, status = cursor_uuid(cursor, ids.PAYMENT), member_named(Status, "status", in_status)
        amounts = _amounts(currency, amount=amount, amount_gte=amount_gte, amount_lte=amount_lte)
        since = optional_instant("created_after", created_after)
        until = optional_instant("created_before", created_before)
        reached = await wait_for_position(services, PAYMENT_STATUS, position)
        async with services.reader() as connection:
            rows = await search(
                connection,
                merchant_id=request.user.merchant_id,
                rows_max=limit + 1,
                before=before,
                status=status,
                customer_id=customer_id,
                amounts=amounts,
                created_after=since,
                created_before=until,
            )
        page = [payment_row_resource(row) for row in rows[:limit]]
        more = page[-1].payment_id if len(rows) > limit else None
        return resource(PaymentPage(payments=page, next_cursor=more), reached)


def _amounts(currency: str | None, **bounds: int | None) -> AmountFilter | None:
    """Raises ParameterInvalid for an amount without the currency that says how much it is."""
    if currency is None:
        if any(bound is not None for bound in bounds.values()):
            raise ParameterInvalid(field="currency", reason="an amount needs its currency")
        return None
    if currency not in READABLE_DECIMALS:
        raise ParameterInvalid(field="currency", reason="expected an ISO 4217 code, such as EUR")
    return AmountFilter(currency=currency, **bounds)
