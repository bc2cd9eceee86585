"""A batch at each stage of its life, and how its events lead from one to the next."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct

from domain.identifiers import BatchId
from domain.payout_batch.events import (
    PayoutBatchCreated,
    PayoutBatchEvent,
    PayoutBatchRefused,
    PayoutBatchSubmitted,
)

_MESSAGE: Final = "PB-"


class BatchStatus(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    REFUSED = "refused"


class Unanswered(Struct, frozen=True, tag="unanswered"):
    """The bank may have the batch's file or not."""

    made: PayoutBatchCreated


class Submitted(Struct, frozen=True, tag="submitted"):
    made: PayoutBatchCreated
    reference: str


class Refused(Struct, frozen=True, tag="refused"):
    made: PayoutBatchCreated
    reason: str


PayoutBatch = Unanswered | Submitted | Refused


def evolve(batch: PayoutBatch | None, event: PayoutBatchEvent) -> PayoutBatch:
    """The batch after `event`. Refuses nothing: rules live in decisions."""
    if isinstance(event, PayoutBatchCreated):
        return Unanswered(event)
    assert batch is not None, "a batch begins with being created"
    match event:
        case PayoutBatchSubmitted(reference=reference):
            return Submitted(batch.made, reference)
        case PayoutBatchRefused(reason=reason):
            return Refused(batch.made, reason)
        case _:
            assert_never(event)


def fold(events: Iterable[PayoutBatchEvent]) -> PayoutBatch | None:
    """The batch as its events make it; None when there are none."""
    batch: PayoutBatch | None = None
    for event in events:
        batch = evolve(batch, event)
    return batch


def message_id_for(batch_id: BatchId) -> str:
    """The message id of the batch's file: 35 letters and digits."""
    return f"{_MESSAGE}{batch_id.hex}"


def batch_id_in(message_id: str) -> BatchId | None:
    """The batch with that message id; None for an id that is none of ours."""
    try:
        batch_id = BatchId(UUID(hex=message_id.removeprefix(_MESSAGE)))
    except ValueError:
        return None
    return batch_id if message_id == message_id_for(batch_id) else None
