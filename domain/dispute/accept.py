"""The merchant gives in, here or at the provider: the money is the customer's."""

from datetime import datetime
from typing import assert_never

from domain.dispute.events import AcceptanceAnswered, CaseAccepted, DisputeCaseEvent, DisputeKind
from domain.dispute.refusals import DisputeDeadlinePassed, InquiryMovedNoMoney, closed
from domain.dispute.state import Accepted, DisputeCase, NeedsResponse, Submitting
from domain.identifiers import SubmissionId
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Rejected, Unavailable, Unknown


def accept(dispute: DisputeCase, acceptance_id: SubmissionId, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Nothing when it was accepted before. Raises DisputeClosed, DisputeDeadlinePassed, InquiryMovedNoMoney."""
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
    """The provider says that the merchant gave in there."""
    if isinstance(dispute, NeedsResponse | Submitting) and dispute.case.kind is DisputeKind.CHARGEBACK:
        return (CaseAccepted(acceptance_id=None),)
    return ()


def record_acceptance_outcome(
    dispute: DisputeCase, acceptance_id: SubmissionId, outcome: Outcome
) -> tuple[DisputeCaseEvent, ...]:
    """Nothing while nobody knows whether the provider has heard. That it refuses changes nothing for the merchant:
    the bank rules, and should it rule otherwise, the money comes back."""
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
