"""The second presentment: evidence is handed in to the bank once, and only after its start is on record."""

from datetime import datetime
from typing import assert_never

from domain.dispute.events import DisputeCaseEvent, EvidenceSubmitted, SubmissionFailed, SubmissionStarted
from domain.dispute.refusals import DisputeDeadlinePassed, EvidenceMissing, closed
from domain.dispute.state import DisputeCase, NeedsResponse, Submitting, UnderReview
from domain.identifiers import SubmissionId
from domain.payment.events import FailureKind
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Rejected, Unavailable, Unknown


def submit(dispute: DisputeCase, submission_id: SubmissionId, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Start to hand the evidence in; no event when that is under way or done. Raises DisputeClosed,
    DisputeDeadlinePassed, EvidenceMissing."""
    if isinstance(dispute, Submitting | UnderReview):
        return ()
    if not isinstance(dispute, NeedsResponse):
        raise closed(dispute, "answer")
    if now >= dispute.case.respond_by:
        raise DisputeDeadlinePassed(respond_by=dispute.case.respond_by)
    if not dispute.case.evidence:
        raise EvidenceMissing()
    evidence = tuple(each.evidence_id for each in dispute.case.evidence)
    return (SubmissionStarted(submission_id=submission_id, evidence=evidence),)


def record_submission_outcome(
    dispute: DisputeCase, submission_id: SubmissionId, outcome: Outcome
) -> tuple[DisputeCaseEvent, ...]:
    """Record the provider's answer to the submission; no event when another submission is open, or while the answer is
    unknown: the submission is then repeated under its id."""
    if not isinstance(dispute, Submitting) or dispute.submission_id != submission_id:
        return ()
    match outcome:
        case Approved(reference=reference):
            return (EvidenceSubmitted(submission_id=submission_id, reference=reference),)
        case Declined(code=code, message=message):
            return (_failed(submission_id, FailureKind.DECLINED, code, message),)
        case Rejected(code=code, message=message):
            return (_failed(submission_id, FailureKind.REJECTED, code, message),)
        case Unavailable() | Unknown() | ActionRequired():
            return ()
        case _:
            assert_never(outcome)


def submitted_elsewhere(dispute: DisputeCase) -> tuple[DisputeCaseEvent, ...]:
    """Record the provider's word that it has an answer: the submission on its way, or one that was handed in there."""
    match dispute:
        case Submitting(submission_id=submission_id):
            return (EvidenceSubmitted(submission_id=submission_id, reference=None),)
        case NeedsResponse():
            return (EvidenceSubmitted(submission_id=None, reference=None),)
        case _:
            return ()


def _failed(submission_id: SubmissionId, kind: FailureKind, code: str, message: str) -> SubmissionFailed:
    return SubmissionFailed(submission_id=submission_id, kind=kind, code=code, message=message)
