"""The read model of merchants' bank accounts: one row an account, with the account number masked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.bank_account.details import Scheme, masked, scheme_of
from domain.bank_account.events import BankAccountAdded, BankAccountEvent, BankAccountRemoved
from domain.event import name_of
from domain.history import Positioned
from projections.engine.view import Key, View


class BankAccountRow(Struct, frozen=True, kw_only=True):
    """`account` is the masked account number; `removed_at` is None while payouts to the account are possible."""

    bank_account_id: UUID
    merchant_id: str
    holder_name: str
    currency: str
    country: str
    scheme: Scheme
    account: str
    added_at: datetime
    removed_at: datetime | None
    position: int


def keys_of(positioned: Positioned) -> Iterable[Key]:
    if not isinstance(positioned.event.data, BankAccountEvent):
        return ()
    return ((positioned.event.originator_id,),)


def apply(row: BankAccountRow | None, key: Key, positioned: Positioned) -> BankAccountRow:
    event, position = positioned.event, positioned.position
    match event.data:
        case BankAccountAdded() as added:
            return BankAccountRow(
                bank_account_id=event.originator_id,
                merchant_id=added.merchant_id,
                holder_name=added.holder_name,
                currency=added.currency,
                country=added.country,
                scheme=scheme_of(added.details),
                account=masked(added.details),
                added_at=event.recorded_at,
                removed_at=None,
                position=position,
            )
        case BankAccountRemoved():
            return replace(cast("BankAccountRow", row), removed_at=event.recorded_at, position=position)
        case _:
            raise AssertionError(f"{name_of(event.data)} happens to no bank account")


BANK_ACCOUNTS = View(
    name="bank_accounts",
    table="bank_accounts",
    row=BankAccountRow,
    types=(
        *("uuid", "text", "text", "text", "text", "text", "text"),
        *("timestamptz", "timestamptz", "bigint"),
    ),
    key=("bank_account_id",),
    takes=BankAccountEvent,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE bank_accounts (
            bank_account_id uuid PRIMARY KEY,
            merchant_id text NOT NULL,
            holder_name text NOT NULL,
            currency text NOT NULL,
            country text NOT NULL,
            scheme text NOT NULL,
            account text NOT NULL,
            added_at timestamptz NOT NULL,
            removed_at timestamptz,
            position bigint NOT NULL
        );
    """,
    indexes="""
        CREATE INDEX bank_accounts_by_merchant ON bank_accounts (merchant_id, added_at, bank_account_id);
    """,
)

# `before` counts only as an account of the merchant; a merchant has few accounts.
_OF_MERCHANT = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.added_at DESC, t.bank_account_id DESC), '[]')::text FROM (
    SELECT * FROM views.bank_accounts
    WHERE merchant_id = %(merchant_id)s AND (%(before)s::uuid IS NULL OR (added_at, bank_account_id) < (
        SELECT b.added_at, b.bank_account_id FROM views.bank_accounts AS b
        WHERE b.bank_account_id = %(before)s AND b.merchant_id = %(merchant_id)s
    ))
    ORDER BY added_at DESC, bank_account_id DESC
    LIMIT %(rows_max)s
) AS t
"""


async def of_merchant(
    connection: psycopg.AsyncConnection[Any], merchant_id: str, *, rows_max: int, before: UUID | None = None
) -> Sequence[BankAccountRow]:
    """A page of a merchant's accounts, last added first; `before` is the last id of the previous page."""
    parameters = {"merchant_id": merchant_id, "before": before, "rows_max": rows_max}
    [(rows,)] = await (await connection.execute(_OF_MERCHANT, parameters)).fetchall()
    return msgspec.json.decode(rows, type=list[BankAccountRow])
