"""The bank has taken the file that a payout is in."""

from domain.identifiers import BatchId
from domain.payout.events import PayoutEvent, PayoutSent
from domain.payout.state import Batched, Payout


def sent(payout: Payout, batch_id: BatchId) -> tuple[PayoutEvent, ...]:
    """Record that the bank has the payout's file; no event where that, or a later report, is known."""
    if isinstance(payout, Batched) and payout.place.batch_id == batch_id:
        return (PayoutSent(batch_id=batch_id),)
    return ()
