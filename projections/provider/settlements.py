"""The read model of settled amounts: one row a provider, settlement, currency and kind of movement, added up."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg.rows import class_row

from domain.history import Positioned
from domain.payment.settlement_events import MovementSettled
from domain.settlement.events import SettlementItemBooked
from projections.engine.view import Key, View


class SettlementsRow(Struct, frozen=True, kw_only=True):
    """Amounts in minor units. `movement` may also name another item of the settlement, such as a fee. `gross_minor` is
    positive for money to us, negative for money taken. `first_at` is the time at which the first item was recorded."""

    provider: str
    settlement_id: str
    currency: str
    movement: str
    first_at: datetime
    movements: int = 0
    gross_minor: int = 0
    interchange_minor: int = 0
    scheme_minor: int = 0
    markup_minor: int = 0
    other_minor: int = 0
    position: int = 0


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case MovementSettled() as data:
            return ((data.provider, data.settlement_id, data.gross.currency, str(data.movement)),)
        case SettlementItemBooked() as data:
            return ((data.provider, data.settlement_id, data.gross.currency, str(data.kind)),)
        case _:
            return ()


def apply(row: SettlementsRow | None, key: Key, positioned: Positioned) -> SettlementsRow:
    data = positioned.event.data
    assert isinstance(data, MovementSettled | SettlementItemBooked)
    row = row or SettlementsRow(
        provider=data.provider,
        settlement_id=data.settlement_id,
        currency=data.gross.currency,
        movement=str(data.movement if isinstance(data, MovementSettled) else data.kind),
        first_at=positioned.event.recorded_at,
    )
    return replace(
        row,
        movements=row.movements + 1,
        gross_minor=row.gross_minor + data.gross.minor,
        interchange_minor=row.interchange_minor + data.cost.interchange_minor,
        scheme_minor=row.scheme_minor + data.cost.scheme_minor,
        markup_minor=row.markup_minor + data.cost.markup_minor,
        other_minor=row.other_minor + data.cost.other_minor,
        position=positioned.position,
    )


SETTLEMENTS = View(
    name="settlements",
    table="settlements",
    row=SettlementsRow,
    types=(
        *("text", "text", "text", "text", "timestamptz", "bigint"),
        *("numeric", "numeric", "numeric", "numeric", "numeric", "bigint"),
    ),
    key=("provider", "settlement_id", "currency", "movement"),
    takes=MovementSettled | SettlementItemBooked,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE settlements (
            provider text NOT NULL,
            settlement_id text NOT NULL,
            currency text NOT NULL,
            movement text NOT NULL,
            first_at timestamptz NOT NULL,
            movements bigint NOT NULL,
            gross_minor numeric NOT NULL,
            interchange_minor numeric NOT NULL,
            scheme_minor numeric NOT NULL,
            markup_minor numeric NOT NULL,
            other_minor numeric NOT NULL,
            position bigint NOT NULL,
            PRIMARY KEY (provider, settlement_id, currency, movement)
        ) WITH (fillfactor = 70);
    """,
    indexes="""
        CREATE INDEX settlements_by_time ON settlements (provider, first_at);
    """,
)

_OF_PROVIDER = """
SELECT currency, movement, sum(movements)::bigint AS movements, sum(gross_minor)::bigint AS gross_minor,
    sum(interchange_minor)::bigint AS interchange_minor, sum(scheme_minor)::bigint AS scheme_minor,
    sum(markup_minor)::bigint AS markup_minor, sum(other_minor)::bigint AS other_minor
FROM views.settlements
WHERE provider = %(provider)s AND first_at >= coalesce(%(begin)s::timestamptz, '-infinity')
    AND first_at < coalesce(%(end)s::timestamptz, 'infinity')
GROUP BY currency, movement ORDER BY currency, movement
"""


_ROWS_OF = """
SELECT coalesce(sum(movements), 0)::bigint FROM views.settlements WHERE provider = %s AND settlement_id = %s
"""


class SettledOfProvider(Struct, frozen=True, kw_only=True):
    """The amounts settled in a period, of all merchants, in minor units."""

    currency: str
    movement: str
    movements: int
    gross_minor: int
    interchange_minor: int
    scheme_minor: int
    markup_minor: int
    other_minor: int

    @property
    def cost_minor(self) -> int:
        return self.interchange_minor + self.scheme_minor + self.markup_minor + self.other_minor


async def settled_of_provider(
    connection: psycopg.AsyncConnection[Any], provider: str, *, begin: datetime | None, end: datetime | None
) -> Sequence[SettledOfProvider]:
    """The amounts of settlements whose first movement was recorded at `begin` or later and before `end`, by currency
    and movement; None sets no limit."""
    async with connection.cursor(row_factory=class_row(SettledOfProvider)) as cursor:
        await cursor.execute(_OF_PROVIDER, {"provider": provider, "begin": begin, "end": end})
        return await cursor.fetchall()


async def rows_settled_in(connection: psycopg.AsyncConnection[Any], provider: str, settlement_id: str) -> int:
    """The number of the settlement's rows that were recorded."""
    [(rows,)] = await (await connection.execute(_ROWS_OF, (provider, settlement_id))).fetchall()
    return int(rows)
