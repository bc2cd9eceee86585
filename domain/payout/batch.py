"""A payout is put in one bank file, under the id by which the bank reports on it."""

from datetime import date
from typing import Final
from uuid import UUID

from domain.identifiers import BatchId, PayoutId
from domain.payout.events import PayoutBatched, PayoutEvent
from domain.payout.state import Payout, Ready

_END_TO_END: Final = "PO-"


def batch(payout: Payout, payout_id: PayoutId, batch_id: BatchId, execution_date: date) -> tuple[PayoutEvent, ...]:
    """Put the payout in a batch; no event where the payout is not ready: canceled meanwhile, or in another batch."""
    if not isinstance(payout, Ready):
        return ()
    return (
        PayoutBatched(batch_id=batch_id, end_to_end_id=end_to_end_id_for(payout_id), execution_date=execution_date),
    )


def end_to_end_id_for(payout_id: PayoutId) -> str:
    """The end-to-end id of a payout: 35 letters and digits, the most that ISO 20022 allows. The payout is found from
    the id without an index."""
    return f"{_END_TO_END}{payout_id.hex}"


def payout_id_in(end_to_end_id: str) -> PayoutId | None:
    """The payout that goes by that name; None for a name that we never gave."""
    try:
        payout_id = PayoutId(UUID(hex=end_to_end_id.removeprefix(_END_TO_END)))
    except ValueError:
        return None
    return payout_id if end_to_end_id == end_to_end_id_for(payout_id) else None
