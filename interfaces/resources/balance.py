"""Balances as merchants see them: what we owe them, what becomes available when, what providers have not settled."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from domain.release.events import Bucket
from interfaces.resources.totals import Total
from projections.ledger.merchant_balances import MerchantBalancesRow
from projections.ledger.upcoming import UpcomingFunds
from projections.provider.unsettled import UnsettledRow


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


def balances_resource(rows: Iterable[MerchantBalancesRow]) -> BalanceList:
    return BalanceList(balances=[_balance(row) for row in rows])


def upcoming_balances_resource(funds: Iterable[UpcomingFunds]) -> UpcomingBalanceList:
    return UpcomingBalanceList(
        upcoming=[
            UpcomingBalance(
                available_at=each.available_at,
                currency=each.amount.currency,
                bucket=each.bucket,
                amount=each.amount.minor,
            )
            for each in funds
        ]
    )


def unsettled_resource(rows: Iterable[UnsettledRow]) -> UnsettledList:
    return UnsettledList(
        unsettled=[
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
    )


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
