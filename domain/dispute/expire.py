"""Who does not answer in time has given in."""

from datetime import datetime

from domain.dispute.events import CaseExpired, DisputeCaseEvent
from domain.dispute.state import DisputeCase, NeedsResponse, Submitting


def expire(dispute: DisputeCase, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Nothing when it was answered, or there is still time. What is on its way to the provider may be in time."""
    if isinstance(dispute, NeedsResponse) and now >= dispute.case.respond_by:
        return (CaseExpired(),)
    return ()


def expired_elsewhere(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    """The provider says that the time is over, which it knows better than we do."""
    return (CaseExpired(),) if isinstance(dispute, NeedsResponse | Submitting) else ()
