"""Funds that become available to merchants: lots of pending funds and reserves, from the balances of appends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct

from domain.ledger.accounts import AccountCode
from domain.money.money import Money
from domain.release.events import Bucket
from domain.release.release import lot_behind

UPCOMING_MAX = 1_000
"""More than the days and currencies in which a merchant has funds ahead."""

# The merchant's lots are selected first, by their own index: in one query with the sorting and the limit, Postgres
# would read the lots of all merchants.
_OF_MERCHANT = """
WITH own AS MATERIALIZED (
    SELECT account, currency, balance_minor FROM account_balance
    WHERE account LIKE '%%@%%' AND split_part(account, ':', 2) = %s AND balance_minor > 0
)
SELECT account, currency, balance_minor FROM own
ORDER BY split_part(account, '@', 2) COLLATE "C", account, currency LIMIT %s
"""
_OF_ALL = """
SELECT account, currency, balance_minor FROM account_balance
WHERE account LIKE '%%@%%' AND balance_minor > 0
ORDER BY split_part(account, '@', 2) COLLATE "C", account, currency LIMIT %s
"""


class UpcomingFunds(Struct, frozen=True, kw_only=True):
    """`amount` becomes available at `available_at`, less refunds and disputes before then."""

    merchant_id: str
    available_at: datetime
    bucket: Bucket
    amount: Money


async def upcoming(connection: psycopg.AsyncConnection[Any], merchant_id: str | None) -> Sequence[UpcomingFunds]:
    """The next lots of a merchant, or of all merchants, soonest first."""
    if merchant_id is None:
        cursor = await connection.execute(_OF_ALL, (UPCOMING_MAX,))
    else:
        cursor = await connection.execute(_OF_MERCHANT, (merchant_id, UPCOMING_MAX))
    found = []
    for code, currency, minor in await cursor.fetchall():
        lot = lot_behind(AccountCode(code), currency)
        if lot is not None:
            found.append(
                UpcomingFunds(
                    merchant_id=lot.merchant_id,
                    available_at=lot.due,
                    bucket=lot.bucket,
                    amount=Money(int(minor), currency),
                )
            )
    return found
