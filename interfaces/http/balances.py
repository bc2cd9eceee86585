"""/v1/balances and /v1/reconciliation: what we owe a merchant, and what the providers owe on its payments."""

from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from interfaces.http.caller import AuthenticatedRequest
from interfaces.http.documented import replies
from interfaces.http.fresh import WaitForPosition, wait_for_position
from interfaces.http.reply import resource
from interfaces.services import Services
from projections.merchant_balances import MERCHANT_BALANCES, of_merchant
from projections.unsettled import UNSETTLED, unsettled


class BalanceResource(Struct, frozen=True, kw_only=True):
    """Minor units of one currency: reserved on cards, captured and not yet released, frozen by disputes."""

    currency: str
    authorized: int
    pending: int
    held: int


class BalanceList(Struct, frozen=True, kw_only=True):
    balances: list[BalanceResource]


class Unsettled(Struct, frozen=True, kw_only=True):
    """What one provider owes us in one currency: captures less refunds and chargebacks, in minor units."""

    provider: str
    currency: str
    captured_minor: int
    refunded_minor: int
    charged_back_minor: int
    net_minor: int
    movements: int


class UnsettledList(Struct, frozen=True, kw_only=True):
    unsettled: list[Unsettled]


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
        self, request: AuthenticatedRequest, services: NamedDependency[Services], position: WaitForPosition = None
    ) -> Response[Any]:
        """From the merchant_balances view. `pending` can be below zero: fees are not given back on a refund."""
        reached = await wait_for_position(services, MERCHANT_BALANCES.name, position)
        async with services.reader() as connection:
            rows = await of_merchant(connection, request.user.merchant_id)
        balances = [
            BalanceResource(currency=row.currency, authorized=row.authorized, pending=row.pending, held=row.held)
            for row in rows
        ]
        return resource(BalanceList(balances=balances), reached)

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
        reached = await wait_for_position(services, UNSETTLED.name, position)
        async with services.reader() as connection:
            rows = await unsettled(connection, request.user.merchant_id)
        owed = [
            Unsettled(
                provider=row.provider,
                currency=row.currency,
                captured_minor=row.captured_minor,
                refunded_minor=row.refunded_minor,
                charged_back_minor=row.charged_back_minor,
                net_minor=row.net_minor,
                movements=row.movements,
            )
            for row in rows
        ]
        return resource(UnsettledList(unsettled=owed), reached)
