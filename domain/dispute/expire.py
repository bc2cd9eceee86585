"""A merchant that does not answer in time has given in."""

from datetime import datetime

from domain.dispute.events import CaseExpired, DisputeCaseEvent
from domain.dispute.state import DisputeCase, NeedsResponse, Submitting


def expire(dispute: DisputeCase, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Expire the dispute; no event when it is answered or there is still time. A submission that is on its way to the
    provider may be in time."""
    if isinstance(dispute, NeedsResponse) and now >= dispute.case.respond_by:
        return (CaseExpired(),)
    return ()


def expired_elsewhere(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    """Record the provider's word that the time is over, which counts for more than our own clock."""
    return (CaseExpired(),) if isinstance(dispute, NeedsResponse | Submitting) else ()
