"""What the events of a dispute mean for the money of its payment: an inquiry moves none."""

from domain.dispute.events import (
    CaseAccepted,
    CaseEscalated,
    CaseExpired,
    CaseLost,
    CaseOpened,
    CaseWon,
    DisputeCaseEvent,
    DisputeKind,
)
from domain.dispute.state import DisputeCase
from domain.payment.dispute import CloseDispute, OpenDispute
from domain.payment.state import DisputeResult


def money_of(before: DisputeCase | None, event: DisputeCaseEvent) -> OpenDispute | CloseDispute | None:
    """The payment's own command that has to go with `event`, which follows `before`; None where no money moves."""
    match event:
        case CaseOpened(kind=DisputeKind.CHARGEBACK, dispute_id=dispute_id, amount=amount, reason=reason):
            return OpenDispute(dispute_id=dispute_id, amount=amount, reason=reason)
        case CaseEscalated(amount=amount):
            assert before is not None
            return OpenDispute(dispute_id=before.case.dispute_id, amount=amount, reason=before.case.reason)
        case CaseAccepted() | CaseExpired() | CaseLost():
            result = DisputeResult.LOST
        case CaseWon():
            result = DisputeResult.WON
        case _:
            return None
    assert before is not None
    if before.case.kind is DisputeKind.INQUIRY:
        return None
    return CloseDispute(dispute_id=before.case.dispute_id, result=result)
