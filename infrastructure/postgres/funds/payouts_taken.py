"""Payments that a bank received in the time that a restored store has lost, kept in the table `orphan`."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from application.payout.bank_port import TakenPayment
from domain.identifiers import PayoutId
from domain.payout.batch import payout_id_in
from infrastructure.postgres.connection.pool import ReadPool

_KEEP: Final = """
INSERT INTO orphan (provider, name, payment_id, fact, state, reason, found_at)
VALUES (%s, %s, %s, %s, 'waiting', 'the bank has it, and its payout does not say so', now())
ON CONFLICT (provider, name) DO NOTHING
"""
_AMONG: Final = """
SELECT payment_id, fact FROM orphan
WHERE starts_with(provider, 'bank:') AND state <> 'explained' AND payment_id = ANY(%s)
"""
_RECORDED: Final = """
UPDATE orphan SET state = 'explained', reason = 'its payout says so'
WHERE starts_with(provider, 'bank:') AND payment_id = %s
"""


class PostgresPayoutsTaken:
    """Implements application.payout.queue.PayoutsTaken."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def keep(self, bank: str, payments: Sequence[TakenPayment]) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            for one in payments:
                identity = (f"bank:{bank}", one.end_to_end_id, payout_id_in(one.end_to_end_id))
                await connection.execute(_KEEP, (*identity, msgspec.json.encode(one)))

    async def among(self, payout_ids: Sequence[PayoutId]) -> Mapping[PayoutId, TakenPayment]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_AMONG, (list(payout_ids),))).fetchall()
        return {PayoutId(payout_id): msgspec.json.decode(bytes(fact), type=TakenPayment) for payout_id, fact in rows}

    async def recorded(self, payout_id: PayoutId) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_RECORDED, (payout_id,))
