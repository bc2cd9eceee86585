"""The bank rules: won also after all seemed lost, lost never after it was won."""

from typing import assert_never

from domain.dispute.events import CaseLost, CaseWon, DisputeCaseEvent, DisputeKind
from domain.dispute.refusals import NotEscalated, RulingContradicts
from domain.dispute.state import (
    Accepted,
    DisputeCase,
    Expired,
    Lost,
    NeedsResponse,
    Submitting,
    UnderReview,
    Won,
    status_of,
)
from domain.payment.state import DisputeResult


def rule(dispute: DisputeCase, result: DisputeResult) -> tuple[DisputeCaseEvent, ...]:
    """Nothing when that is on record, or lost by itself: accepted, expired. Raises RulingContradicts, NotEscalated."""
    match result:
        case DisputeResult.WON:
            return () if isinstance(dispute, Won) else (CaseWon(),)
        case DisputeResult.LOST:
            return _lost(dispute)
        case _:
            assert_never(result)


def _lost(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    if dispute.case.kind is DisputeKind.INQUIRY:
        raise NotEscalated()
    match dispute:
        case NeedsResponse() | Submitting() | UnderReview():
            return (CaseLost(),)
        case Accepted() | Expired() | Lost():
            return ()
        case Won():
            raise RulingContradicts(status=status_of(dispute), result=DisputeResult.LOST)
        case _:
            assert_never(dispute)
