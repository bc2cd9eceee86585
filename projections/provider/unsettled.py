"""The read model of amounts that providers still have to settle: one row a merchant, provider and currency."""

# Settled amounts are subtracted again: the rows of a provider add up to the balance of its account `psp:…:clearing`.

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, assert_never

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.event import name_of
from domain.history import Positioned
from domain.payment.dispute_events import DisputeLost, DisputeReversed
from domain.payment.events import PaymentCaptured, PaymentRefunded, RefundReversed
from domain.payment.settlement_events import MovementKind, MovementSettled
from projections.engine.view import Key, View


class UnsettledRow(Struct, frozen=True, kw_only=True):
    """Amounts in minor units of movements in no settlement yet. `charged_back_minor` is below zero where reversals
    exceed chargebacks. `movements` is the number of these movements."""

    merchant_id: str
    provider: str
    currency: str
    captured_minor: int = 0
    refunded_minor: int = 0
    charged_back_minor: int = 0
    movements: int = 0
    position: int = 0

    @property
    def net_minor(self) -> int:
        """The amount that the provider owes us."""
        return self.captured_minor - self.refunded_minor - self.charged_back_minor


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case PaymentCaptured() | PaymentRefunded() | RefundReversed() as data:
            return ((data.merchant_id, data.provider, data.amount.currency),)
        case DisputeLost() | DisputeReversed() as data:
            return ((data.merchant_id, data.provider, data.disputed.currency),)
        case MovementSettled() as data:
            return ((data.merchant_id, data.provider, data.gross.currency),)
        case _:
            return ()


def apply(row: UnsettledRow | None, key: Key, positioned: Positioned) -> UnsettledRow:
    merchant_id, provider, currency = map(str, key)
    row = row or UnsettledRow(merchant_id=merchant_id, provider=provider, currency=currency)
    row = replace(row, position=positioned.position)
    match positioned.event.data:
        case PaymentCaptured(amount=amount):
            return _moved(row, MovementKind.CAPTURE, amount.minor, 1)
        case PaymentRefunded(amount=amount):
            return _moved(row, MovementKind.REFUND, -amount.minor, 1)
        case RefundReversed(amount=amount):
            return _moved(row, MovementKind.REFUND_REVERSAL, amount.minor, 1)
        case DisputeLost(disputed=disputed):
            return _moved(row, MovementKind.CHARGEBACK, -disputed.minor, 1)
        case DisputeReversed(disputed=disputed):
            return _moved(row, MovementKind.REVERSAL, disputed.minor, 1)
        case MovementSettled(movement=kind, gross=gross):
            return _moved(row, kind, -gross.minor, -1)
        case data:
            raise AssertionError(f"{name_of(data)} moves no money at a provider")


def _moved(row: UnsettledRow, kind: MovementKind, gross_minor: int, movements: int) -> UnsettledRow:
    """The row after a movement; `gross_minor` is positive for money to us, negative for money taken."""
    row = replace(row, movements=row.movements + movements)
    match kind:
        case MovementKind.CAPTURE:
            return replace(row, captured_minor=row.captured_minor + gross_minor)
        case MovementKind.REFUND | MovementKind.REFUND_REVERSAL:
            return replace(row, refunded_minor=row.refunded_minor - gross_minor)
        case MovementKind.CHARGEBACK | MovementKind.REVERSAL:
            return replace(row, charged_back_minor=row.charged_back_minor - gross_minor)
        case _:
            assert_never(kind)


UNSETTLED = View(
    name="unsettled",
    table="unsettled",
    row=UnsettledRow,
    types=("text", "text", "text", "numeric", "numeric", "numeric", "bigint", "bigint"),
    key=("merchant_id", "provider", "currency"),
    takes=(PaymentCaptured | PaymentRefunded | RefundReversed | DisputeLost | DisputeReversed | MovementSettled),
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE unsettled (
            merchant_id text NOT NULL,
            provider text NOT NULL,
            currency text NOT NULL,
            captured_minor numeric NOT NULL,
            refunded_minor numeric NOT NULL,
            charged_back_minor numeric NOT NULL,
            movements bigint NOT NULL,
            position bigint NOT NULL,
            PRIMARY KEY (merchant_id, provider, currency)
        ) WITH (fillfactor = 70);
    """,
)

_OF_PROVIDER = """
SELECT currency, sum(captured_minor - refunded_minor - charged_back_minor), sum(movements) FROM views.unsettled
WHERE provider = %s GROUP BY currency ORDER BY currency
"""
_OF_MERCHANT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.provider, t.currency), '[]')::text FROM views.unsettled AS t
WHERE merchant_id = %s
"""


async def unsettled(connection: psycopg.AsyncConnection[Any], merchant_id: str) -> Sequence[UnsettledRow]:
    """A merchant's amounts that the providers have not settled yet, by provider and currency."""
    [(rows,)] = await (await connection.execute(_OF_MERCHANT, (merchant_id,))).fetchall()
    return msgspec.json.decode(rows, type=list[UnsettledRow])


class UnsettledOfProvider(NamedTuple):
    """The unsettled amount of all merchants in one currency, in minor units."""

    currency: str
    net_minor: int
    movements: int


async def unsettled_of_provider(
    connection: psycopg.AsyncConnection[Any], provider: str
) -> Sequence[UnsettledOfProvider]:
    """A provider's unsettled amounts, by currency."""
    rows = await (await connection.execute(_OF_PROVIDER, (provider,))).fetchall()
    return [UnsettledOfProvider(currency, int(net), int(movements)) for currency, net, movements in rows]
