"""/v1/balances and /v1/reconciliation: what we owe a merchant, and what the providers owe on its payments."""

from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import replies
from interfaces.http.server.parameters import AsOfParameter
from interfaces.http.server.position_header import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.resources.as_of import position_of
from interfaces.resources.balance import (
    BalanceList,
    UnsettledList,
    UpcomingBalanceList,
    balances_resource,
    unsettled_resource,
    upcoming_balances_resource,
)
from projections.ledger import books
from projections.ledger.merchant_balances import MERCHANT_BALANCES, of_accounts, of_merchant
from projections.ledger.upcoming import upcoming
from projections.provider.unsettled import UNSETTLED, unsettled


class BalanceController(Controller):
    path = "/v1"
    tags = ("Balances",)

    @get(
        "/balances",
        operation_id="list_balances",
        summary="What we owe the merchant",
        responses=replies(200, BalanceList, "Its balances, by currency"),
    )
    async def balances(
        self,
        request: AuthenticatedRequest,
        services: NamedDependency[Services],
        as_of: AsOfParameter = None,
        position: WaitForPosition = None,
    ) -> Response[Any]:
        """Now, from the merchant_balances view, or as of any instant or position, from the journal's views."""
        merchant_id = request.user.merchant_id
        reached = await wait_for_position(services, MERCHANT_BALANCES, position)
        if as_of is not None:
            reached = await position_of(services.reader, services.store, as_of, now=services.now())
        async with services.reader() as connection:
            if as_of is None:
                rows = await of_merchant(connection, merchant_id)
            else:
                held = await books.merchant_balances(connection, merchant_id, position=reached)
                rows = of_accounts(merchant_id, held, reached)
        return resource(balances_resource(rows), reached)

    @get(
        "/balances/upcoming",
        operation_id="list_upcoming_balances",
        summary="What becomes available when",
        responses=replies(200, UpcomingBalanceList, "Amounts that have a date, soonest first"),
    )
    async def upcoming_balances(
        self, request: AuthenticatedRequest, services: NamedDependency[Services]
    ) -> Response[Any]:
        """From the balances that the store keeps: it is never behind."""
        async with services.reader() as connection:
            found = await upcoming(connection, request.user.merchant_id)
        return resource(upcoming_balances_resource(found))

    @get(
        "/reconciliation",
        operation_id="list_unsettled",
        summary="What the providers have not settled yet",
        responses=replies(200, UnsettledList, "The merchant's unsettled amounts, by provider and currency"),
    )
    async def reconciliation(
        self, request: AuthenticatedRequest, services: NamedDependency[Services], position: WaitForPosition = None
    ) -> Response[Any]:
        """From the unsettled view."""
        reached = await wait_for_position(services, UNSETTLED, position)
        async with services.reader() as connection:
            rows = await unsettled(connection, request.user.merchant_id)
        return resource(unsettled_resource(rows), reached)
