"""Orders from a CSV file: the payment of each, and the steps after the payment."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from domain.errors import DomainError
from domain.money.currencies import UnknownCurrency
from domain.money.money import AmountOutOfRange, Money, WrongPrecision, parse_decimal, require_payable
from domain.payment.events import CaptureMethod

COLUMNS = ("order", "merchant", "customer", "amount", "currency", "card", "capture_method", "then")


_MORE = "more"
_SAVE_AS = "Save it as UTF-8, which spreadsheets call “CSV UTF-8”."
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class OrdersUnreadable(Exception):
    """The file has no orders that can be read; the message is a sentence, which names the line at fault."""


class StepKind(StrEnum):
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Step(Struct, frozen=True, kw_only=True):
    """What follows the payment: all that is left, or `amount` of it; `open` keeps an authorisation open."""

    kind: StepKind
    amount: Money | None = None
    open: bool = False


class Order(Struct, frozen=True, kw_only=True):
    order: str
    merchant: str
    customer: str
    amount: Money
    card: str
    capture_method: CaptureMethod
    then: tuple[Step, ...]


def read_orders(file: Path) -> list[Order]:
    """Every order of the file: UTF-8, with or without a mark at its beginning. Raises OrdersUnreadable, OSError."""
    reader = csv.DictReader(io.StringIO(_text(file), newline=""), restkey=_MORE)
    try:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise OrdersUnreadable(f"{file}: the header lacks {', '.join(missing)}.")
        orders = list(_orders(file, reader))
    except csv.Error as error:
        raise OrdersUnreadable(f"{file}, line {reader.line_num}: {error}.") from error
    if not orders:
        raise OrdersUnreadable(f"{file}: there are no orders in it.")
    return orders


def _text(file: Path) -> str:
    content = file.read_bytes()
    if content.startswith(_UTF_16) or b"\0" in content:
        raise OrdersUnreadable(f"{file} is UTF-16, or no text at all. {_SAVE_AS}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise OrdersUnreadable(f"{file}, line {line}: a character that is not UTF-8. {_SAVE_AS}") from error


def _orders(file: Path, reader: "csv.DictReader[str]") -> Iterator[Order]:
    seen: set[str] = set()
    for row in reader:
        try:
            order = _order(row)
        except (ValueError, DomainError) as error:
            raise OrdersUnreadable(f"{file}, line {reader.line_num}: {_sentence(error)}") from error
        if order.order in seen:
            raise OrdersUnreadable(f"{file}, line {reader.line_num}: order {order.order} is there twice.")
        seen.add(order.order)
        yield order


def _sentence(error: ValueError | DomainError) -> str:
    match error:
        case UnknownCurrency(currency=currency):
            return f"{currency!r} is no currency of ISO 4217 that has a minor unit."
        case WrongPrecision(text=text, currency=currency):
            return f"{text!r} is no amount of {currency}."
        case AmountOutOfRange(amount_minor=minor):
            return f"{minor} minor units cannot be paid."
        case _:
            return f"{error}."


def _require_whole(row: Mapping[str, str | None]) -> None:
    """Refuse a row with other columns than the header's. Raises ValueError."""
    if _MORE in row:
        raise ValueError("it has more columns than the header")
    missing = [column for column in COLUMNS if row[column] is None]
    if missing:
        raise ValueError(f"it has no {missing[0]}")
    for column in COLUMNS:
        if not (row[column] or "").isprintable():
            raise ValueError(f"{column} has a character that cannot be printed")


def _order(row: dict[str, str]) -> Order:
    _require_whole(row)
    currency = row["currency"]
    amount = parse_decimal(row["amount"], currency)
    require_payable(amount)
    return Order(
        order=row["order"],
        merchant=row["merchant"],
        customer=row["customer"],
        amount=amount,
        card=row["card"],
        capture_method=CaptureMethod(row["capture_method"]),
        then=tuple(_step(text.strip(), currency) for text in row["then"].split(";") if text.strip()),
    )


def _step(text: str, currency: str) -> Step:
    """`capture`, `capture 5.00`, `capture 5.00 open`, `void`, `refund`, `refund 2.00`."""
    kind, *rest = text.split()
    amount = parse_decimal(rest[0], currency) if rest else None
    if rest[1:] not in ([], ["open"]):
        raise ValueError(f"cannot read {text!r}")
    return Step(kind=StepKind(kind), amount=amount, open=bool(rest[1:]))
