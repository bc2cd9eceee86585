"""A settlement's CSV file (docs/SETTLEMENT.md) is read whole, and refused whole if it does not add up.

The variants that spreadsheets write are read too: padded cells, empty columns and rows at the end, a byte order mark.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.card_data import holds_card_number
from domain.errors import DomainError
from domain.identifiers import OperationId, ProviderName
from domain.money.currencies import UnknownCurrency, decimals
from domain.money.money import AMOUNT_MINOR_MAX, Money, WrongPrecision, parse_decimal, zero
from domain.payment.settlement_events import MovementKind, ProviderCost
from domain.settlement.events import ItemKind
from domain.settlement.rows import ItemRow, Row, SettlementFile, SettlementRow, UnknownRow

HEAD: Final = ("settlement_id", "provider", "bank", "currency", "paid_at", "total")
"""The names of the first lines, in their order; each line is a name and a value."""
COLUMNS: Final = (
    "movement",
    "operation_id",
    "reference",
    "gross",
    "interchange",
    "scheme",
    "markup",
    "other",
    "net",
)
MOVEMENTS: Final = frozenset(map(str, MovementKind))
ITEMS: Final = frozenset(map(str, ItemKind))
ROWS_MAX: Final = 1_000_000
BYTE_ORDER_MARK: Final = "\ufeff"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_TEXT_MAX: Final = 255


class SettlementFileInvalid(DomainError):
    """The file cannot be read or does not add up, so nothing of it is applied. `line` counts from 1."""

    line: int
    reason: str


def parse_settlement(text: str, now: datetime) -> SettlementFile:
    """The settlement in the file `text`. Raises SettlementFileInvalid, which names the line at fault."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    _require_commas(text)
    lines = _lines(text)
    values = dict(_head(lines))
    currency = values["currency"].text
    rows = tuple(_rows(lines, currency))
    total = values["total"].money(currency)
    _require_total(values["total"].line, total, rows)
    return SettlementFile(
        settlement_id=values["settlement_id"].text,
        provider=ProviderName(values["provider"].text),
        bank=values["bank"].text,
        currency=currency,
        paid_at=values["paid_at"].instant_until(now),
        total=total,
        rows=rows,
    )


class _Cell(Struct, frozen=True):
    """The text under a name in a line."""

    line: int
    name: str
    text: str

    def wrong(self, reason: str) -> SettlementFileInvalid:
        return SettlementFileInvalid(line=self.line, reason=f"{self.name}: {reason}")

    def money(self, currency: str) -> Money:
        try:
            amount = parse_decimal(self.text, currency)
        except WrongPrecision as error:
            reason = f"{self.text!r} is no amount of {currency}, which has {error.decimals} decimals"
            raise self.wrong(reason + _hint(self.text)) from None
        if abs(amount.minor) > AMOUNT_MINOR_MAX:
            raise self.wrong("it is too large")
        return amount

    def instant_until(self, now: datetime) -> datetime:
        moment = self._instant()
        if moment > now:
            raise self.wrong(f"{self.text} is in the future: nothing was paid yet")
        return moment

    def _instant(self) -> datetime:
        try:
            moment = datetime.fromisoformat(self.text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.wrong("expected an RFC 3339 time with an offset, such as 2026-11-20T23:00:00Z")


Line = tuple[int, list[str]]


def _require_commas(text: str) -> None:
    """Refuse semicolons and tabs, which spreadsheets of some countries write. Raises SettlementFileInvalid."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if mark in first and "," not in first:
            reason = f"its values are separated by {called}: save it as CSV with commas, and decimal points"
            raise SettlementFileInvalid(line=1, reason=reason)


def _hint(text: str) -> str:
    if re.fullmatch(r"[+-]?[\d.\s]*,\d+", text):
        return ": write a decimal point, and no comma"
    return ": write no thousands separators" if re.fullmatch(r"[+-]?[\d,'\s]+(\.\d+)?", text) else ""


def _lines(text: str) -> Iterator[Line]:
    """The lines that are not empty, each with its number and its cells stripped of padding."""
    reader = csv.reader([f"{line}\n" for line in text.split("\n")], strict=True, skipinitialspace=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SettlementFileInvalid(line=reader.line_num, reason=f"it is no CSV: {error}") from None
        if cells is None:
            return
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield reader.line_num, stripped


def _without_empty_end(cells: list[str], columns: int) -> list[str]:
    """The cells without the empty ones that a spreadsheet adds at the end."""
    return cells[:columns] if not any(cells[columns:]) else cells


def _head(lines: Iterator[Line]) -> Iterator[tuple[str, _Cell]]:
    line = 0
    for name in HEAD:
        line, cells = next(lines, (line + 1, []))
        cells = _without_empty_end(cells, 2)
        if len(cells) != 2 or cells[0] != name:
            raise SettlementFileInvalid(line=line, reason=f"expected {name} and its value")
        cell = _Cell(line, name, cells[1])
        _HEAD_CHECKS.get(name, _no_check)(cell)
        yield name, cell


def _rows(lines: Iterator[Line], currency: str) -> Iterator[Row]:
    line, cells = next(lines, (len(HEAD) + 1, []))
    if tuple(_without_empty_end(cells, len(COLUMNS))) != COLUMNS:
        raise SettlementFileInvalid(line=line, reason=f"expected the columns {','.join(COLUMNS)}")
    seen: set[tuple[str, str]] = set()
    for line, found in lines:
        cells = _without_empty_end(found, len(COLUMNS))
        if len(cells) != len(COLUMNS):
            raise SettlementFileInvalid(line=line, reason=f"expected {len(COLUMNS)} values, found {len(cells)}")
        row = _row(line, {name: _Cell(line, name, cell) for name, cell in zip(COLUMNS, cells, strict=True)}, currency)
        if not isinstance(row, UnknownRow):
            if (row.movement, row.named) in seen:
                raise SettlementFileInvalid(line=line, reason=f"the {row.movement} {row.named} is in it twice")
            seen.add((row.movement, row.named))
        if len(seen) > ROWS_MAX:
            raise SettlementFileInvalid(line=line, reason=f"it has more than {ROWS_MAX:,} rows")
        yield row


def _row(line: int, cells: dict[str, _Cell], currency: str) -> Row:
    amounts = {name: cells[name].money(currency) for name in COLUMNS[3:]}
    cost = ProviderCost(
        interchange_minor=amounts["interchange"].minor,
        scheme_minor=amounts["scheme"].minor,
        markup_minor=amounts["markup"].minor,
        other_minor=amounts["other"].minor,
    )
    gross, net = amounts["gross"], amounts["net"]
    if gross.minor - cost.total_minor != net.minor:
        expected = Money(gross.minor - cost.total_minor, currency)
        raise cells["net"].wrong(f"it is {net}, and gross less the costs is {expected}")
    reference = cells["reference"].text or None
    if reference is not None:
        _require_text(cells["reference"])
    kind = cells["movement"].text
    if kind in ITEMS:
        return ItemRow(line=line, kind=ItemKind(kind), reference=reference, gross=gross, cost=cost, net=net)
    if kind not in MOVEMENTS:
        _require_text(cells["movement"])
        return UnknownRow(line=line, movement=kind, named=reference or cells["operation_id"].text, net=net)
    operation_id = _operation_id(cells["operation_id"])
    if operation_id is None and reference is None:
        raise SettlementFileInvalid(line=line, reason="it names neither our operation nor the provider's reference")
    return SettlementRow(
        line=line,
        movement=MovementKind(kind),
        operation_id=operation_id,
        reference=reference,
        gross=gross,
        cost=cost,
        net=net,
    )


def _operation_id(cell: _Cell) -> OperationId | None:
    try:
        return OperationId(UUID(cell.text)) if cell.text else None
    except ValueError:
        raise cell.wrong("expected a UUID") from None


def _require_total(line: int, total: Money, rows: Iterable[Row]) -> None:
    found = sum((row.net for row in rows), start=zero(total.currency))
    if found != total:
        raise SettlementFileInvalid(line=line, reason=f"total: it is {total}, and the rows' net comes to {found}")


def _require_name(cell: _Cell) -> None:
    if not _NAME.fullmatch(cell.text):
        raise cell.wrong("expected up to 64 small letters, digits, - and _")


def _require_text(cell: _Cell) -> None:
    if not cell.text or not cell.text.isprintable() or len(cell.text) > _TEXT_MAX:
        raise cell.wrong(f"expected up to {_TEXT_MAX} printable characters")


def _require_id(cell: _Cell) -> None:
    _require_text(cell)
    if holds_card_number(cell.text):
        raise cell.wrong("it holds what looks like a card number")


def _require_currency(cell: _Cell) -> None:
    try:
        decimals(cell.text)
    except UnknownCurrency:
        raise cell.wrong(f"{cell.text!r} is no ISO 4217 currency with a minor unit") from None


def _no_check(_: _Cell) -> None:
    pass


_HEAD_CHECKS: Final[dict[str, Callable[[_Cell], None]]] = {
    "settlement_id": _require_id,
    "provider": _require_name,
    "bank": _require_name,
    "currency": _require_currency,
}
