"""Orders from a CSV file: what a shop wants charged, and what it does with the payment afterwards."""

import csv
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from domain.errors import DomainError
from domain.money import Money, parse_decimal, require_payable
from domain.payment.events import CaptureMethod

COLUMNS = ("order", "merchant", "customer", "amount", "currency", "card", "capture_method", "then")


class OrdersUnreadable(Exception):
    """A line of the file is no order; the message names the line and the column."""


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
    """Every order of the file. Raises OrdersUnreadable, OSError."""
    with file.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise OrdersUnreadable(f"{file}: the header lacks {', '.join(missing)}")
        return list(_orders(file, reader))


def _orders(file: Path, reader: "csv.DictReader[str]") -> Iterator[Order]:
    seen: set[str] = set()
    for row in reader:
        try:
            order = _order(row)
        except (ValueError, DomainError, AttributeError, TypeError) as error:
            raise OrdersUnreadable(f"{file}, line {reader.line_num}: {error}") from error
        if order.order in seen:
            raise OrdersUnreadable(f"{file}, line {reader.line_num}: order {order.order} is there twice")
        seen.add(order.order)
        yield order


def _order(row: dict[str, str]) -> Order:
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
