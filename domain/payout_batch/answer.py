"""What the bank says of a batch's file is recorded once: its first word stands."""

from typing import assert_never

from domain.payout_batch.events import PayoutBatchEvent, PayoutBatchRefused, PayoutBatchSubmitted
from domain.payout_batch.state import PayoutBatch, Refused, Submitted, Unanswered


def submitted(batch: PayoutBatch, reference: str) -> tuple[PayoutBatchEvent, ...]:
    """The bank has the file. Nothing where it has answered before."""
    return (PayoutBatchSubmitted(reference=reference),) if _is_open(batch) else ()


def refused(batch: PayoutBatch, reason: str) -> tuple[PayoutBatchEvent, ...]:
    """The bank will not take it. Nothing where it has answered before."""
    return (PayoutBatchRefused(reason=reason),) if _is_open(batch) else ()


def _is_open(batch: PayoutBatch) -> bool:
    match batch:
        case Unanswered():
            return True
        case Submitted() | Refused():
            return False
        case _:
            assert_never(batch)
