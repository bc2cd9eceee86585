"""A batch of payouts, and the instructions to the bank that are made of it, the same ones every time."""

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
"""The remittance text of a payout without a description."""


class BatchNotFound(DomainError):
    """There is no such batch."""


class LoadedBatch(Struct, frozen=True, kw_only=True):
    """`version` and `updated_at` are of the last event in the batch's stream, `created_at` is of the first."""

    id: BatchId
    batch: PayoutBatch
    version: int
    created_at: datetime
    updated_at: datetime


async def load_batch(store: EventStore, batch_id: BatchId) -> LoadedBatch:
    """The batch after all its events. Raises BatchNotFound, StoreUnavailable."""
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
    """The instructions to the bank for `payouts`, in their order. Raises StoreUnavailable.

    A batch with a derived id is dated to the beginning of its day: a restored store that makes the batch again on that
    day makes the same file, which the bank has already.
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
