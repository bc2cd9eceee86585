"""A batch of payouts as its events make it, and the orders to the bank that it stands for: the same ones every time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, cast

from msgspec import Struct

from application.payout.bank_port import Batch, Instruction
from application.payout.loaded import LoadedPayout, load_bank_accounts
from application.write.store import EventStore
from domain.derivation import is_derived
from domain.errors import DomainError
from domain.history import of_kind
from domain.identifiers import BatchId
from domain.payout.batch import end_to_end_id_for
from domain.payout_batch.events import PayoutBatchEvent
from domain.payout_batch.state import PayoutBatch, fold, message_id_for

REMITTANCE: Final = "Payout"
"""What is said with a payment whose payout has no description."""


class BatchNotFound(DomainError):
    """There is no such batch."""


class LoadedBatch(Struct, frozen=True, kw_only=True):
    id: BatchId
    batch: PayoutBatch
    version: int
    created_at: datetime
    updated_at: datetime


async def load_batch(store: EventStore, batch_id: BatchId) -> LoadedBatch:
    """The batch as it is now. Raises BatchNotFound, StoreUnavailable."""
    history = of_kind(await store.history(batch_id), PayoutBatchEvent)
    found = fold(cast("PayoutBatchEvent", positioned.event.data) for positioned in history)
    if found is None:
        raise BatchNotFound()
    return LoadedBatch(
        id=batch_id,
        batch=found,
        version=len(history),
        created_at=history[0].event.recorded_at,
        updated_at=history[-1].event.recorded_at,
    )


async def plan(
    store: EventStore,
    batch_id: BatchId,
    payouts: Sequence[LoadedPayout],
    currency: str,
    day: date,
    *,
    created_at: datetime,
) -> Batch:
    """What the bank is to be told of `payouts`, in their order. Raises StoreUnavailable.

    A batch with a derived id is told to be of the beginning of its day: made again by a restored store on that day, it
    is the same file, and the bank has it already.
    """
    accounts = await load_bank_accounts(store, {payout.payout.order.bank_account_id for payout in payouts})

    def instruction(payout: LoadedPayout) -> Instruction:
        order = payout.payout.order
        account = accounts[order.bank_account_id].account
        return Instruction(
            payout_id=payout.id,
            end_to_end_id=end_to_end_id_for(payout.id),
            amount=order.amount,
            holder_name=account.holder_name,
            details=account.details,
            remittance=order.description or REMITTANCE,
        )

    return Batch(
        batch_id=batch_id,
        message_id=message_id_for(batch_id),
        currency=currency,
        execution_date=day,
        created_at=created_at.replace(hour=0, minute=0, second=0, microsecond=0)
        if is_derived(batch_id)
        else created_at,
        instructions=tuple(map(instruction, payouts)),
    )
