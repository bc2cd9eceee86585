"""One of each event of a dispute, as its golden holds it."""

from datetime import UTC, datetime
from uuid import UUID

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
    DisputeReason,
    EvidenceAdded,
    EvidenceKind,
    EvidenceRemoved,
    EvidenceSubmitted,
    SubmissionFailed,
    SubmissionStarted,
)
from domain.identifiers import DisputeId, EvidenceId, MerchantId, PaymentId, ProviderName, SubmissionId
from domain.money.money import Money
from domain.payment.events import FailureKind
from domain.payment.method import CardBrand
from domain.terms.disputes import EvidenceLimits
from domain.terms.settlement import BeyondBudget

_EVIDENCE = EvidenceId(UUID("01934a2e-6c00-7a10-8000-0000000000e1"))
_SUBMISSION = SubmissionId(UUID("01934a2e-6c00-7a10-8000-0000000000e2"))
_RESPOND_BY = datetime(2026, 12, 20, 12, 0, 0, 123456, tzinfo=UTC)

DISPUTE_EVENTS: tuple[DisputeCaseEvent, ...] = (
    CaseOpened(
        merchant_id=MerchantId("mer_01jd4x8c2qfyv9zkm3s7w5t6ha"),
        payment_id=PaymentId(UUID("01934a2e-6c00-7a10-8000-00000000000a")),
        provider=ProviderName("northbank"),
        dispute_id=DisputeId("dp_1MtJUT2eZvKYlo2C"),
        kind=DisputeKind.INQUIRY,
        amount=Money(2_500, "KWD"),
        network=CardBrand.VISA,
        reason=DisputeReason.NOT_RECEIVED,
        provider_reason="13.1 merchandise not received",
        respond_by=_RESPOND_BY,
        dispute_rule="default:0",
        evidence_limits=EvidenceLimits(
            file_bytes_max=5_242_880, files_max=10, types=("application/pdf", "image/png", "text/plain")
        ),
    ),
    CaseEscalated(amount=Money(2_500, "KWD"), respond_by=_RESPOND_BY, dispute_rule="cards:3"),
    CaseAmended(amount=Money(1_250, "KWD")),
    ClaimBooked(frozen=Money(500, "KWD"), excess=Money(750, "KWD"), borne_by=BeyondBudget.OWED),
    DeadlineMoved(respond_by=_RESPOND_BY),
    EvidenceAdded(
        evidence_id=_EVIDENCE,
        kind=EvidenceKind.SHIPPING,
        name="proof of delivery.pdf",
        media_type="application/pdf",
        bytes=48_213,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    EvidenceRemoved(evidence_id=_EVIDENCE),
    SubmissionStarted(submission_id=_SUBMISSION, evidence=(_EVIDENCE,)),
    EvidenceSubmitted(submission_id=_SUBMISSION, reference="sub_4"),
    SubmissionFailed(
        submission_id=_SUBMISSION, kind=FailureKind.REJECTED, code="too_late", message="It had to be there before."
    ),
    CaseAccepted(acceptance_id=_SUBMISSION),
    AcceptanceAnswered(acceptance_id=_SUBMISSION, refusal="dispute_closed: The dispute is closed."),
    CaseExpired(),
    CaseWon(),
    CasePartlyWon(lost=Money(400, "KWD")),
    CaseLost(),
)
