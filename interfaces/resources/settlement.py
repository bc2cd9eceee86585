"""A provider's settlements as operators see them."""

from datetime import datetime

from msgspec import Struct

from interfaces.resources.totals import Total
from projections.provider.settlement_report import ProviderSettlements
from projections.provider.settlements import SettledOfProvider
from projections.provider.unsettled import UnsettledOfProvider


class SettledMovements(Struct, frozen=True, kw_only=True):
    """Minor units. `gross` is what the movements count for us, negative where money went back; `net` what is left of it
    after `cost`, which is what the provider paid."""

    currency: str
    movement: str
    movements: int
    gross: Total
    interchange: Total
    scheme: Total
    markup: Total
    other: Total
    cost: Total
    net: Total


class UnsettledMovements(Struct, frozen=True, kw_only=True):
    """Minor units that the provider owes us, now."""

    currency: str
    movements: int
    net: Total


class SettlementReport(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """`settled` is of settlements whose first movement was recorded at `from` or later and before `to`; null is no
    bound."""

    provider: str
    from_: datetime | None
    to: datetime | None
    settled: list[SettledMovements]
    unsettled: list[UnsettledMovements]


def settlement_report_resource(report: ProviderSettlements) -> SettlementReport:
    return SettlementReport(
        provider=report.provider,
        from_=report.begin,
        to=report.end,
        settled=[_settled(each) for each in report.settled],
        unsettled=[_unsettled(each) for each in report.unsettled],
    )


def _settled(of: SettledOfProvider) -> SettledMovements:
    return SettledMovements(
        currency=of.currency,
        movement=of.movement,
        movements=of.movements,
        gross=of.gross_minor,
        interchange=of.interchange_minor,
        scheme=of.scheme_minor,
        markup=of.markup_minor,
        other=of.other_minor,
        cost=of.cost_minor,
        net=of.gross_minor - of.cost_minor,
    )


def _unsettled(of: UnsettledOfProvider) -> UnsettledMovements:
    return UnsettledMovements(currency=of.currency, movements=of.movements, net=of.net_minor)
