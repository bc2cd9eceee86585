"""The state of a dispute after each event. Nothing is refused here: the rules are in the verbs."""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from domain.dispute.events import (
    AcceptanceAnswered,
    CaseAccepted,
    CaseAmended,
    CaseEscalated,
    CaseExpired,
    CaseLost,
    CaseOpened,
    CasePartlyWon,
    CaseWon,
    ClaimBooked,
    DeadlineMoved,
    DisputeCaseEvent,
    DisputeKind,
    EvidenceAdded,
    EvidenceRemoved,
    EvidenceSubmitted,
    SubmissionFailed,
    SubmissionStarted,
)
from domain.dispute.state import (
    Accepted,
    Booked,
    Case,
    DisputeCase,
    Evidence,
    Expired,
    Lost,
    NeedsResponse,
    PartlyWon,
    Submitting,
    UnderReview,
    Won,
)
from domain.money.money import Money


def fold(events: Iterable[DisputeCaseEvent]) -> DisputeCase | None:
    """The dispute after `events`, or None when there are none."""
    dispute: DisputeCase | None = None
    for event in events:
        dispute = evolve(dispute, event)
    return dispute


def evolved(dispute: DisputeCase, events: Iterable[DisputeCaseEvent]) -> DisputeCase:
    """`dispute` after `events`."""
    for event in events:
        dispute = evolve(dispute, event)
    return dispute


def evolve(dispute: DisputeCase | None, event: DisputeCaseEvent) -> DisputeCase:
    """`dispute` after `event`."""
    if dispute is None:
        assert isinstance(event, CaseOpened), "a dispute begins with its opening"
        return NeedsResponse(case=_opened(event))
    case = dispute.case
    match event:
        case CaseOpened():
            raise AssertionError("a dispute is opened once")
        case CaseEscalated(amount=amount, respond_by=respond_by):
            escalated = replace(_of_amount(case, amount), kind=DisputeKind.CHARGEBACK, respond_by=respond_by)
            return NeedsResponse(case=escalated)
        case CaseAmended(amount=amount):
            return replace(dispute, case=_of_amount(case, amount))
        case ClaimBooked():
            booked = Booked(frozen=event.frozen, excess=event.excess, borne_by=event.borne_by)
            return replace(dispute, case=replace(case, booked=booked))
        case DeadlineMoved(respond_by=respond_by):
            return replace(dispute, case=replace(case, respond_by=respond_by))
        case EvidenceAdded():
            return replace(dispute, case=replace(case, evidence=(*case.evidence, _evidence(event))))
        case EvidenceRemoved(evidence_id=evidence_id):
            kept = tuple(each for each in case.evidence if each.evidence_id != evidence_id)
            return replace(dispute, case=replace(case, evidence=kept))
        case SubmissionStarted(submission_id=submission_id, evidence=evidence):
            return Submitting(case=case, submission_id=submission_id, evidence=evidence)
        case EvidenceSubmitted():
            return UnderReview(case=case, evidence=dispute.evidence if isinstance(dispute, Submitting) else ())
        case SubmissionFailed(message=message):
            return NeedsResponse(case=case, failure=message)
        case CaseAccepted(acceptance_id=acceptance_id):
            return Accepted(case=case, untold=acceptance_id)
        case AcceptanceAnswered():
            return replace(dispute, untold=None) if isinstance(dispute, Accepted) else dispute
        case CaseExpired():
            return Expired(case=case)
        case CaseWon():
            return Won(case=case)
        case CasePartlyWon(lost=lost):
            return PartlyWon(case=case, lost=lost)
        case CaseLost():
            return Lost(case=case)
        case _:
            assert_never(event)


def _of_amount(case: Case, amount: Money) -> Case:
    before = case.amounts_before if amount == case.amount else (*case.amounts_before, case.amount)
    return replace(case, amount=amount, amounts_before=before)


def _opened(event: CaseOpened) -> Case:
    return Case(
        merchant_id=event.merchant_id,
        payment_id=event.payment_id,
        provider=event.provider,
        dispute_id=event.dispute_id,
        kind=event.kind,
        amount=event.amount,
        network=event.network,
        reason=event.reason,
        provider_reason=event.provider_reason,
        respond_by=event.respond_by,
        evidence_limits=event.evidence_limits,
    )


def _evidence(event: EvidenceAdded) -> Evidence:
    return Evidence(
        evidence_id=event.evidence_id,
        kind=event.kind,
        name=event.name,
        media_type=event.media_type,
        bytes=event.bytes,
        sha256=event.sha256,
    )
