"""The read model of merchants' balances: one row a merchant and currency, folded from journal entries."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.ledger.accounts import AccountCode
from domain.ledger.entry import JournalEntryPosted
from projections.engine.view import Key, View
from projections.ledger.books import Balance


class MerchantBalancesRow(Struct, frozen=True, kw_only=True):
    """Each amount is a balance on its account's normal side, in minor units."""

    merchant_id: str
    currency: str
    authorized: int = 0
    pending: int = 0
    available: int = 0
    held: int = 0
    in_transit: int = 0
    owed: int = 0
    position: int = 0


def keys_of(positioned: Positioned) -> Iterable[Key]:
    entry = positioned.event.data
    if not isinstance(entry, JournalEntryPosted):
        return ()
    return {
        (entry.merchant_id, posting.amount.currency)
        for posting in entry.postings
        if _bucket(posting.account, entry.merchant_id) is not None
    }


def apply(row: MerchantBalancesRow | None, key: Key, positioned: Positioned) -> MerchantBalancesRow:
    entry = positioned.event.data
    assert isinstance(entry, JournalEntryPosted)
    merchant_id, currency = str(key[0]), str(key[1])
    row = row or MerchantBalancesRow(merchant_id=merchant_id, currency=currency)
    changes: dict[str, int] = {"position": positioned.position}
    for posting in entry.postings:
        bucket = _bucket(posting.account, merchant_id)
        if bucket is not None and posting.amount.currency == currency:
            changes[bucket] = changes.get(bucket, getattr(row, bucket)) + posting.change_minor
    return replace(row, **changes)


def of_accounts(merchant_id: str, balances: Iterable[Balance], position: int) -> Sequence[MerchantBalancesRow]:
    """The rows, by currency, of a merchant whose accounts hold `balances` after `position`."""
    rows: dict[str, MerchantBalancesRow] = {}
    for of in balances:
        row = rows.get(of.currency) or MerchantBalancesRow(
            merchant_id=merchant_id, currency=of.currency, position=position
        )
        bucket = _bucket(of.account, merchant_id)
        rows[of.currency] = row if bucket is None else replace(row, **{bucket: of.minor})
    return [rows[currency] for currency in sorted(rows)]


@lru_cache(maxsize=10_000)
def _bucket(account: AccountCode, merchant_id: str) -> str | None:
    """The last part of a merchant's account code, such as `pending` of `merchant:mer_…:pending`; None for an account of
    another owner."""
    match account.split(":"):
        case ["merchant", owner, bucket] if owner == merchant_id:
            return bucket
        case _:
            return None


MERCHANT_BALANCES: View[MerchantBalancesRow] = View(
    name="merchant_balances",
    table="merchant_balances",
    row=MerchantBalancesRow,
    types=("text", "text", "numeric", "numeric", "numeric", "numeric", "numeric", "numeric", "bigint"),
    key=("merchant_id", "currency"),
    takes=JournalEntryPosted,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE merchant_balances (
            merchant_id text NOT NULL,
            currency text NOT NULL,
            authorized numeric NOT NULL,
            pending numeric NOT NULL,
            available numeric NOT NULL,
            held numeric NOT NULL,
            in_transit numeric NOT NULL,
            owed numeric NOT NULL,
            position bigint NOT NULL,
            PRIMARY KEY (merchant_id, currency)
        ) WITH (fillfactor = 70);
    """,
)

_OF_MERCHANT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.currency), '[]')::text FROM views.merchant_balances AS t
WHERE merchant_id = %s
"""


async def of_merchant(connection: psycopg.AsyncConnection[Any], merchant_id: str) -> Sequence[MerchantBalancesRow]:
    """A merchant's balances, by currency."""
    [(rows,)] = await (await connection.execute(_OF_MERCHANT, (merchant_id,))).fetchall()
    return msgspec.json.decode(rows, type=list[MerchantBalancesRow])
