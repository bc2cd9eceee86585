"""Lots that are due for release, read from the balances that appends maintain."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from application.settlement.release import DueLot
from domain.ledger.accounts import AccountCode
from domain.money.money import Money
from domain.release.release import lot_behind
from infrastructure.postgres.connection.pool import ReadPool

EMPTY_MAX: Final = 10_000
"""The number of empty lots removed by one statement, during which appends wait."""

_DUE = """
WITH due AS MATERIALIZED (
    SELECT account, currency, balance_minor FROM account_balance
    WHERE account LIKE '%%@%%' AND split_part(account, '@', 2) COLLATE "C" <= %s AND balance_minor > 0
    ORDER BY split_part(account, '@', 2) COLLATE "C" LIMIT %s
)
SELECT d.account, d.currency, d.balance_minor, coalesce((
    SELECT o.balance_minor FROM account_balance AS o
    WHERE o.account = 'merchant:' || split_part(d.account, ':', 2) || ':owed' AND o.currency = d.currency
), 0)
FROM due AS d ORDER BY split_part(d.account, '@', 2) COLLATE "C"
"""
_NEXT_DUE = """
SELECT split_part(account, '@', 2) FROM account_balance
WHERE account LIKE '%@%' ORDER BY split_part(account, '@', 2) COLLATE "C" LIMIT 1
"""
_BALANCE = "SELECT balance_minor FROM account_balance WHERE account = %s AND currency = %s"
_SWEEP_EMPTY = "SELECT sweep_empty_lots(%s, %s::integer)"


class PostgresDueLots:
    """Implements application.settlement.release.DueLots."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def due(self, now: datetime, *, lots_max: int) -> Sequence[DueLot]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_DUE, (_as_in_codes(now), lots_max))
            found = [_due_lot(*row) for row in await cursor.fetchall()]
        return [due for due in found if due is not None]

    async def next_due(self) -> datetime | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_NEXT_DUE)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    async def balance(self, account: AccountCode, currency: str) -> Money:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_BALANCE, (account, currency))).fetchone()
        return Money(0 if row is None else int(row[0]), currency)

    async def sweep_empty(self, now: datetime) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SWEEP_EMPTY, (_as_in_codes(now), EMPTY_MAX))


def _due_lot(code: str, currency: str, balance_minor: Any, owed_minor: Any) -> DueLot | None:
    lot = lot_behind(AccountCode(code), currency)
    if lot is None:
        return None
    return DueLot(lot=lot, amount=Money(int(balance_minor), currency), owed=Money(int(owed_minor), currency))


def _as_in_codes(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
