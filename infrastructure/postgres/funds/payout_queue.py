"""Payouts, batches and bank accounts for the payout runs, read from their views."""

from collections.abc import Sequence

from domain.identifiers import BankAccountId, BatchId, MerchantId, PayoutId
from infrastructure.postgres.connection.pool import ReadPool
from projections.payout import bank_accounts, payouts
from projections.payout import batches as payout_batches

_ACCOUNTS_MAX = 100


class ViewPayoutQueue:
    """Implements application.payout.queue.PayoutQueue."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def ready(self, payouts_max: int) -> Sequence[PayoutId]:
        async with self._pool.connection() as connection:
            return [PayoutId(payout_id) for payout_id in await payouts.pending(connection, rows_max=payouts_max)]

    async def unanswered(self) -> Sequence[BatchId]:
        async with self._pool.connection() as connection:
            return [BatchId(batch_id) for batch_id in await payout_batches.unanswered(connection)]

    async def bank_accounts(self, merchant_id: MerchantId, currency: str) -> Sequence[BankAccountId]:
        async with self._pool.connection() as connection:
            rows = await bank_accounts.of_merchant(connection, merchant_id, rows_max=_ACCOUNTS_MAX)
        return [
            BankAccountId(row.bank_account_id) for row in rows if row.currency == currency and row.removed_at is None
        ]
