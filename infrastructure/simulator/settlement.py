"""A settlement is a file of all movements since the last settlement, net of simulated costs."""

# The costs of a capture are interchange of 20 basis points, at most 5.00, scheme fees of 3 basis points and a mark-up
# of 10. A refund gives the interchange back; a refund that fails later is charged the interchange again.

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Final
from uuid import UUID

from msgspec import Struct

MOVEMENTS_MAX: Final = 100_000
INTERCHANGE_BP, INTERCHANGE_MAX, SCHEME_BP, MARKUP_BP = 20, 500, 3, 10
DECIMALS: Final = {
    currency: places
    for places, currencies in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for currency in currencies.split()
}
"""The decimals of the currencies that do not have two."""
COLUMNS: Final = ("movement", "operation_id", "reference", "gross", "interchange", "scheme", "markup", "other", "net")
CAPTURE: Final = "capture"
REFUND_REVERSAL: Final = "refund_reversal"


class Movement(Struct, frozen=True):
    """A movement; `amount` is in minor units, `key` is the idempotency key of its request."""

    number: int
    movement: str
    key: str
    reference: str
    amount: int
    currency: str


class Line(Struct, frozen=True):
    """The settled amounts of a movement, in minor units."""

    gross: int
    interchange: int
    scheme: int
    markup: int

    @property
    def net(self) -> int:
        return self.gross - self.interchange - self.scheme - self.markup


def settled(movement: Movement) -> Line:
    interchange = min(_part(movement.amount, INTERCHANGE_BP), INTERCHANGE_MAX)
    scheme = _part(movement.amount, SCHEME_BP)
    if movement.movement == CAPTURE:
        return Line(movement.amount, interchange, scheme, _part(movement.amount, MARKUP_BP))
    if movement.movement == REFUND_REVERSAL:
        return Line(movement.amount, interchange, 0, 0)
    return Line(-movement.amount, -interchange, scheme, 0)


def settlement_file(
    provider: str, bank: str, currency: str, movements: Sequence[Movement], *, since: int, now: datetime
) -> str:
    """The settlement file of the movements after number `since`; equal movements give an equal settlement id."""
    lines = [settled(movement) for movement in movements]
    last = movements[-1].number if movements else since
    text = StringIO()
    table = csv.writer(text)
    table.writerows(
        [
            ("settlement_id", f"st_{provider}_{currency}_{since}_{last}"),
            ("provider", provider),
            ("bank", bank),
            ("currency", currency),
            ("paid_at", now.astimezone(UTC).isoformat(timespec="seconds")),
            ("total", _decimal(sum(line.net for line in lines), currency)),
            COLUMNS,
        ]
    )
    for movement, line in zip(movements, lines, strict=True):
        amounts = (line.gross, line.interchange, line.scheme, line.markup, 0, line.net)
        names = (movement.movement, _uuid(movement.key), movement.reference)
        table.writerow((*names, *(_decimal(amount, currency) for amount in amounts)))
    return text.getvalue()


def _part(amount: int, basis_points: int) -> int:
    """The part of `amount` for a rate in basis points, rounded half up."""
    return (amount * basis_points + 5_000) // 10_000


def _decimal(minor: int, currency: str) -> str:
    places = DECIMALS.get(currency, 2)
    digits = str(abs(minor)).rjust(places + 1, "0")
    whole = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{whole}" if minor < 0 else whole


def _uuid(key: str) -> str:
    """The key if it is a UUID, by which the client knows the operation; else empty."""
    try:
        return str(UUID(key))
    except ValueError:
        return ""
