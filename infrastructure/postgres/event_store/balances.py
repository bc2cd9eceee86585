"""Balances from the table `account_balance`, which each append updates in its own transaction."""

from collections.abc import Sequence

from application.payout.queue import Available
from domain.identifiers import MerchantId
from domain.ledger.accounts import available, owed
from domain.money.money import Money
from infrastructure.postgres.connection.pool import ReadPool

# The condition repeats that of the index account_balance_available word for word, so that the index is used.
_AVAILABLE = """
SELECT account, currency, balance_minor - coalesce((
    SELECT o.balance_minor FROM account_balance AS o
    WHERE o.account = 'merchant:' || split_part(a.account, ':', 2) || ':owed' AND o.currency = a.currency
), 0)
FROM account_balance AS a
WHERE account LIKE 'merchant:%%:available' AND (account, currency) > (%s, %s) AND balance_minor >= %s
ORDER BY account, currency LIMIT %s
"""
_BALANCE = "SELECT balance_minor FROM account_balance WHERE account = %s AND currency = %s"


class PostgresBalances:
    """Implements application.payout.queue.Balances."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def owed(self, merchant_id: MerchantId, currency: str) -> Money:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_BALANCE, (owed(merchant_id), currency))).fetchone()
        return Money(0 if row is None else int(row[0]), currency)

    async def available_above(
        self, minimum_minor: int, *, after: Available | None = None, rows_max: int
    ) -> Sequence[Available]:
        last = ("", "") if after is None else (available(after.merchant_id), after.amount.currency)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_AVAILABLE, (*last, minimum_minor, rows_max))).fetchall()
        return [
            Available(MerchantId(account.split(":")[1]), Money(int(minor), currency))
            for account, currency, minor in rows
        ]
