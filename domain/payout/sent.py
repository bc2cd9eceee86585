"""The bank has taken the file that a payout is in."""

from domain.identifiers import BatchId
from domain.payout.events import PayoutEvent, PayoutSent
from domain.payout.state import Batched, Payout


def sent(payout: Payout, batch_id: BatchId) -> tuple[PayoutEvent, ...]:
    """Nothing where that is known, or the bank has said more of it meanwhile."""
    if isinstance(payout, Batched) and payout.place.batch_id == batch_id:
        return (PayoutSent(batch_id=batch_id),)
    return ()
