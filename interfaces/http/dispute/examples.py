"""Examples of refusals that the routes of disputes document."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from application.dispute.commands import AnswerAtProvider
from application.dispute.loaded import DisputeNotFound
from application.write.store import StoreUnavailable
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeDiffers,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    TooMuchEvidence,
)
from domain.dispute.state import DisputeStatus
from interfaces.resources.refusals import BodyTooSlow, MissingKey, ParameterInvalid, UnknownKey
from projections.engine.checkpoint import ViewRebuilding
from projections.engine.waiting import ViewBehind

DISPUTES: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    DisputeNotFound(),
    StoreUnavailable(),
    ViewBehind(view="disputes", position=1042),
    ViewRebuilding(view="disputes"),
)
ANSWERS: tuple[Exception, ...] = (
    *DISPUTES[:-2],
    DisputeClosed(verb="answer", status=DisputeStatus.LOST),
    DisputeDeadlinePassed(respond_by=datetime(2026, 12, 20, 12, tzinfo=UTC)),
)
EVIDENCE: tuple[Exception, ...] = (
    *ANSWERS,
    BodyTooSlow(within_s=60),
    EvidenceTooLarge(bytes_max=5_242_880),
    EvidenceTypeRefused(media_type="image/gif", types=("application/pdf", "image/png", "image/jpeg", "text/plain")),
    EvidenceTypeDiffers(declared="image/png", found=("application/pdf",)),
    TooMuchEvidence(files_max=10),
)

EXAMPLES: Final[Mapping[str, tuple[Exception, ...]]] = {
    "list_disputes": DISPUTES,
    "get_dispute": DISPUTES,
    "put_dispute_evidence": EVIDENCE,
    "delete_dispute_evidence": (*ANSWERS, EvidenceNotFound(name="receipt.pdf")),
    "submit_dispute_evidence": (*ANSWERS, EvidenceMissing(), AnswerAtProvider(provider="stripe")),
    "accept_dispute": (*ANSWERS, InquiryMovedNoMoney(), AnswerAtProvider(provider="stripe")),
}
