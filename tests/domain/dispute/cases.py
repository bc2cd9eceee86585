"""Disputes that have come as far as a test needs them."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from domain.dispute.accept import accept
from domain.dispute.add_evidence import AddEvidence, add_evidence
from domain.dispute.events import DisputeCaseEvent, DisputeKind, DisputeReason, EvidenceKind
from domain.dispute.evolve import fold
from domain.dispute.expire import expire
from domain.dispute.open import OpenCase, open_case
from domain.dispute.rule import rule
from domain.dispute.state import DisputeCase
from domain.dispute.submit import record_submission_outcome, submit
from domain.identifiers import DisputeId, EvidenceId, SubmissionId
from domain.money.money import Money
from domain.payment.method import CardBrand
from domain.payment.outcome import Outcome
from domain.payment.state import DisputeResult
from tests.support.domain import ACQUIRER, APPROVED, BASIS, DISPUTE, HUNDRED, MERCHANT, NOW, PAYMENT

RULE = BASIS.terms.disputes
SUBMISSION, ACCEPTANCE = SubmissionId(UUID(int=7_001)), SubmissionId(UUID(int=7_002))
LAST_DAY = NOW + timedelta(days=30)
"""Of a Visa charge that was disputed NOW."""

CaseHistory = tuple[DisputeCaseEvent, ...]
CaseDecision = Callable[[DisputeCase], CaseHistory]


def case_of(history: CaseHistory) -> DisputeCase:
    dispute = fold(history)
    assert dispute is not None
    return dispute


def and_(history: CaseHistory, *decisions: CaseDecision) -> CaseHistory:
    """`history`, and what `decisions` make of it."""
    for decide in decisions:
        history += decide(case_of(history))
    return history


def opening(
    kind: DisputeKind = DisputeKind.CHARGEBACK,
    *,
    amount: Money = HUNDRED,
    network: CardBrand | None = CardBrand.VISA,
    due: datetime | None = None,
    id: DisputeId = DISPUTE,
) -> OpenCase:
    return OpenCase(
        merchant_id=MERCHANT,
        payment_id=PAYMENT,
        provider=ACQUIRER,
        dispute_id=id,
        kind=kind,
        amount=amount,
        network=network,
        reason=DisputeReason.FRAUDULENT,
        provider_reason="10.4",
        due=due,
    )


def opened(
    kind: DisputeKind = DisputeKind.CHARGEBACK,
    *,
    network: CardBrand | None = CardBrand.VISA,
    due: datetime | None = None,
) -> CaseHistory:
    return open_case(None, opening(kind, network=network, due=due), RULE, NOW)


def evidence(
    name: str = "receipt.pdf",
    *,
    media_type: str = "application/pdf",
    content: bytes = b"%PDF",
    size: int | None = None,
    number: int = 1,
) -> AddEvidence:
    return AddEvidence(
        evidence_id=EvidenceId(UUID(int=number)),
        kind=EvidenceKind.RECEIPT,
        name=name,
        media_type=media_type,
        bytes=len(content) if size is None else size,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def adds(command: AddEvidence, at: datetime = NOW) -> CaseDecision:
    return lambda dispute: add_evidence(dispute, command, at)


def submits(at: datetime = NOW) -> CaseDecision:
    return lambda dispute: submit(dispute, SUBMISSION, at)


def answered(outcome: Outcome = APPROVED) -> CaseDecision:
    return lambda dispute: record_submission_outcome(dispute, SUBMISSION, outcome)


def accepts(at: datetime = NOW) -> CaseDecision:
    return lambda dispute: accept(dispute, ACCEPTANCE, at)


def expires(at: datetime = LAST_DAY) -> CaseDecision:
    return lambda dispute: expire(dispute, at)


def ruled(result: DisputeResult) -> CaseDecision:
    return lambda dispute: rule(dispute, result)


def submitting() -> CaseHistory:
    return and_(opened(), adds(evidence()), submits())


def under_review() -> CaseHistory:
    return and_(submitting(), answered())


HISTORIES: dict[str, CaseHistory] = {
    "needs_response": opened(),
    "submitting": submitting(),
    "under_review": under_review(),
    "accepted": and_(opened(), accepts()),
    "expired": and_(opened(), expires()),
    "won": and_(opened(), ruled(DisputeResult.WON)),
    "lost": and_(opened(), ruled(DisputeResult.LOST)),
}
"""A chargeback in each status."""
