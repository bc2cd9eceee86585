"""/v1/balances and /v1/reconciliation: what we owe a merchant, and what the providers owe on its payments."""

from datetime import datetime
from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from domain.release.events import Bucket
from interfaces.http.server.caller import AuthenticatedRequest
from interfaces.http.server.documented import replies
from interfaces.http.server.fresh import WaitForPosition, wait_for_position
from interfaces.http.server.reply import resource
from interfaces.http.server.services import Services
from interfaces.moments import position_of
from interfaces.resources.as_of import AsOfParameter
from interfaces.resources.totals import Total
from projections.ledger import books
from projections.ledger.merchant_balances import MERCHANT_BALANCES, MerchantBalancesRow, of_accounts, of_merchant
from projections.ledger.upcoming import upcoming
from projections.provider.unsettled import UNSETTLED, unsettled


class BalanceResource(Struct, frozen=True, kw_only=True):
    """Minor units of one currency: reserved on cards; captured and not yet available; available, below zero where more
    was given back than there was; held for disputes, refunds on their way and as a reserve; on its way to the
    merchant's bank. `owed` is what the merchant owes us beyond that."""

    currency: str
    authorized: Total
    pending: Total
    available: Total
    held: Total
    in_transit: Total
    owed: Total


class BalanceList(Struct, frozen=True, kw_only=True):
    balances: list[BalanceResource]


class UpcomingBalance(Struct, frozen=True, kw_only=True):
    """Minor units that become available at `available_at`, unless a refund or a dispute takes of them before."""

    available_at: datetime
    currency: str
    bucket: Bucket
    amount: Total


class UpcomingBalanceList(Struct, frozen=True, kw_only=True):
    upcoming: list[UpcomingBalance]


class Unsettled(Struct, frozen=True, kw_only=True):
    """What one provider owes us in one currency: captures less refunds and chargebacks, in minor units."""

    provider: str
    currency: str
    captured_minor: Total
    refunded_minor: Total
    charged_back_minor: Total
    net_minor: Total
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
        return resource(BalanceList(balances=[_balance(row) for row in rows]), reached)

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
        shown = [
            UpcomingBalance(
                available_at=each.available_at, currency=each.currency, bucket=each.bucket, amount=each.amount
            )
            for each in found
        ]
        return resource(UpcomingBalanceList(upcoming=shown))

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


def _balance(row: MerchantBalancesRow) -> BalanceResource:
    return BalanceResource(
        currency=row.currency,
        authorized=row.authorized,
        pending=row.pending,
        available=row.available,
        held=row.held,
        in_transit=row.in_transit,
        owed=row.owed,
    )
