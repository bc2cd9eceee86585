"""A provider's settlement report as CSV, with decimal amounts; the unsettled amounts come last."""

from collections.abc import Sequence
from typing import Final

from interfaces.books.csv_text import csv_text
from interfaces.books.decimal_text import decimal_text
from interfaces.resources.settlement import SettlementReport

COLUMNS: Final = (
    *("currency", "movement", "movements", "gross", "interchange", "scheme", "markup", "other", "cost", "net"),
)
UNSETTLED: Final = "unsettled"


def settlement_csv(report: SettlementReport) -> str:
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
