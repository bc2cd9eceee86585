"""The ECB's CSV has a column for each currency, a row for each day, `N/A` for missing rates, and a comma at each
line's end."""

from collections.abc import Sequence
from typing import Final

from domain.fx.ecb_day import Day, WrittenRate, code_of, day_of
from domain.fx.rates_file import RatesInvalid

NO_RATE: Final = "N/A"


def read_csv(text: str) -> Sequence[Day]:
    """Every day in `text`. Raises RatesInvalid."""
    header: list[str] | None = None
    days = []
    for line, row in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not row.strip():
            continue
        cells = [cell.strip() for cell in row.split(",")]
        if not cells[-1]:
            cells.pop()
        if header is None:
            header = _header(cells, line)
            continue
        if len(cells) != len(header):
            raise RatesInvalid(line=line, reason=f"expected {len(header)} columns, got {len(cells)}")
        rates = [
            WrittenRate(currency, cell, line)
            for currency, cell in zip(header[1:], cells[1:], strict=True)
            if cell not in (NO_RATE, "")
        ]
        days.append(Day(day_of(cells[0], line), tuple(rates), line))
    return days


def _header(cells: list[str], line: int) -> list[str]:
    if cells[:1] != ["Date"]:
        raise RatesInvalid(line=line, reason="expected the ECB's XML, or its CSV, whose first column is “Date”")
    for number, cell in enumerate(cells[1:], start=1):
        if code_of(cell, line) in cells[1:number]:
            raise RatesInvalid(line=line, reason=f"{cell} has two columns")
    return cells
