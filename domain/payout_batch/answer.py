"""The bank's first answer to a batch's file is recorded, and later ones are not."""

from typing import assert_never

from domain.payout_batch.events import PayoutBatchEvent, PayoutBatchRefused, PayoutBatchSubmitted
from domain.payout_batch.state import PayoutBatch, Refused, Submitted, Unanswered


def submitted(batch: PayoutBatch, reference: str) -> tuple[PayoutBatchEvent, ...]:
    """Record that the bank has the file; no event where the bank has answered before."""
    return (PayoutBatchSubmitted(reference=reference),) if _is_open(batch) else ()


def refused(batch: PayoutBatch, reason: str) -> tuple[PayoutBatchEvent, ...]:
    """Record that the bank refused the file; no event where the bank has answered before."""
    return (PayoutBatchRefused(reason=reason),) if _is_open(batch) else ()


def _is_open(batch: PayoutBatch) -> bool:
    match batch:
        case Unanswered():
            return True
        case Submitted() | Refused():
            return False
        case _:
            assert_never(batch)
