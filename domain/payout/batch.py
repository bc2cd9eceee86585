"""A payout takes its place in a file, under the name by which the bank will tell what became of it."""

from datetime import date
from typing import Final
from uuid import UUID

from domain.identifiers import BatchId, PayoutId
from domain.payout.events import PayoutBatched, PayoutEvent
from domain.payout.state import Payout, Ready

_END_TO_END: Final = "PO-"


def batch(payout: Payout, payout_id: PayoutId, batch_id: BatchId, execution_date: date) -> tuple[PayoutEvent, ...]:
    """Nothing where it does not wait for a file: canceled meanwhile, or in another one."""
    if not isinstance(payout, Ready):
        return ()
    return (
        PayoutBatched(batch_id=batch_id, end_to_end_id=end_to_end_id_for(payout_id), execution_date=execution_date),
    )


def end_to_end_id_for(payout_id: PayoutId) -> str:
    """35 letters and digits, which is what ISO 20022 has room for; the payout is found from it without an index."""
    return f"{_END_TO_END}{payout_id.hex}"


def payout_id_in(end_to_end_id: str) -> PayoutId | None:
    """The payout that goes by that name; None for a name that we never gave."""
    try:
        payout_id = PayoutId(UUID(hex=end_to_end_id.removeprefix(_END_TO_END)))
    except ValueError:
        return None
    return payout_id if end_to_end_id == end_to_end_id_for(payout_id) else None
