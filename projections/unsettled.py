"""The read model of what each provider still has to settle: one row a merchant, provider and currency, added up."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.payment.events import DisputeLost, PaymentCaptured, PaymentRefunded
from projections.view import Key, View


class UnsettledRow(Struct, frozen=True, kw_only=True):
    """Amounts in minor units: captured for the merchant, less what went back. `movements` counts all of them."""

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
        """What the provider owes us."""
        return self.captured_minor - self.refunded_minor - self.charged_back_minor


def keys_of(positioned: Positioned) -> Iterable[Key]:
    data = positioned.event.data
    if not isinstance(data, PaymentCaptured | PaymentRefunded | DisputeLost):
        return ()
    return ((data.merchant_id, data.provider, data.amount.currency),)


def apply(row: UnsettledRow | None, key: Key, positioned: Positioned) -> UnsettledRow:
    merchant_id, provider, currency = map(str, key)
    row = row or UnsettledRow(merchant_id=merchant_id, provider=provider, currency=currency)
    row = replace(row, movements=row.movements + 1, position=positioned.position)
    match positioned.event.data:
        case PaymentCaptured(amount=amount):
            return replace(row, captured_minor=row.captured_minor + amount.minor)
        case PaymentRefunded(amount=amount):
            return replace(row, refunded_minor=row.refunded_minor + amount.minor)
        case DisputeLost(amount=amount):
            return replace(row, charged_back_minor=row.charged_back_minor + amount.minor)
        case data:
            raise AssertionError(f"{data!r} moves no money at a provider")


UNSETTLED = View(
    name="unsettled",
    table="unsettled",
    row=UnsettledRow,
    types=("text", "text", "text", "numeric", "numeric", "numeric", "bigint", "bigint"),
    key=("merchant_id", "provider", "currency"),
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

_OF_MERCHANT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.provider, t.currency), '[]')::text FROM views.unsettled AS t
WHERE merchant_id = %s
"""


async def unsettled(connection: psycopg.AsyncConnection[Any], merchant_id: str) -> Sequence[UnsettledRow]:
    """What the providers have not settled with a merchant yet, by provider and currency."""
    [(rows,)] = await (await connection.execute(_OF_MERCHANT, (merchant_id,))).fetchall()
    return msgspec.json.decode(rows, type=list[UnsettledRow])
