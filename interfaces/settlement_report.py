"""What a provider has settled in a period, at what cost, and what it still has to settle."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from interfaces.moments import Reader
from interfaces.resources.totals import Total
from projections.provider.settlements import SettledOfProvider, settled_of_provider
from projections.provider.unsettled import UnsettledOfProvider, unsettled_of_provider

COLUMNS: Final = (
    *("currency", "movement", "movements", "gross", "interchange", "scheme", "markup", "other", "cost", "net"),
)
UNSETTLED: Final = "unsettled"


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


async def settlement_report(
    reader: Reader, provider: str, *, begin: datetime | None, end: datetime | None
) -> SettlementReport:
    """From the views settlements and unsettled."""
    async with reader() as connection:
        settled = await settled_of_provider(connection, provider, begin=begin, end=end)
        unsettled = await unsettled_of_provider(connection, provider)
    return SettlementReport(
        provider=provider,
        from_=begin,
        to=end,
        settled=[_settled(each) for each in settled],
        unsettled=[_unsettled(each) for each in unsettled],
    )


def report_csv(report: SettlementReport) -> str:
    """Amounts are decimal numbers; what is not settled yet comes last."""
    rows: list[Sequence[object]] = [COLUMNS]
    for each in report.settled:
        amounts = (each.gross, each.interchange, each.scheme, each.markup, each.other, each.cost, each.net)
        rows.append((each.currency, each.movement, each.movements, *_decimal(amounts, each.currency)))
    for left in report.unsettled:
        nothing = [""] * 5
        [net] = _decimal([left.net], left.currency)
        rows.append((left.currency, UNSETTLED, left.movements, net, *nothing, net))
    return csv_text(rows)


def _decimal(minors: Sequence[int], currency: str) -> Sequence[str]:
    return [decimal_text(minor, currency) for minor in minors]


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
