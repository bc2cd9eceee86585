"""A merchant that gives in, here or at the provider, leaves the money to the customer."""

from datetime import datetime
from typing import assert_never

from domain.dispute.events import AcceptanceAnswered, CaseAccepted, DisputeCaseEvent, DisputeKind
from domain.dispute.refusals import DisputeDeadlinePassed, InquiryMovedNoMoney, closed
from domain.dispute.state import Accepted, DisputeCase, NeedsResponse, Submitting
from domain.identifiers import SubmissionId
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Rejected, Unavailable, Unknown


def accept(dispute: DisputeCase, acceptance_id: SubmissionId, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Accept the dispute; no event when it was accepted before. Raises DisputeClosed, DisputeDeadlinePassed,
    InquiryMovedNoMoney."""
    match dispute:
        case Accepted():
            return ()
        case NeedsResponse(case=case):
            if case.kind is DisputeKind.INQUIRY:
                raise InquiryMovedNoMoney()
            if now >= case.respond_by:
                raise DisputeDeadlinePassed(respond_by=case.respond_by)
            return (CaseAccepted(acceptance_id=acceptance_id),)
        case _:
            raise closed(dispute, "accept")


def accepted_elsewhere(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    """Record the provider's word that the merchant gave in there; no event when the dispute is decided, or an
    inquiry."""
    if isinstance(dispute, NeedsResponse | Submitting) and dispute.case.kind is DisputeKind.CHARGEBACK:
        return (CaseAccepted(acceptance_id=None),)
    return ()


def record_acceptance_outcome(
    dispute: DisputeCase, acceptance_id: SubmissionId, outcome: Outcome
) -> tuple[DisputeCaseEvent, ...]:
    """Record the provider's answer to the acceptance; no event while the answer is unknown. A refusal changes nothing
    for the merchant: the bank rules, and the money comes back if the ruling is in the merchant's favour."""
    if not isinstance(dispute, Accepted) or dispute.untold != acceptance_id:
        return ()
    match outcome:
        case Approved():
            return (AcceptanceAnswered(acceptance_id=acceptance_id, refusal=None),)
        case Declined(code=code, message=message) | Rejected(code=code, message=message):
            return (AcceptanceAnswered(acceptance_id=acceptance_id, refusal=f"{code}: {message}"),)
        case Unavailable() | Unknown() | ActionRequired():
            return ()
        case _:
            assert_never(outcome)
