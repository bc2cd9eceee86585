"""Evidence is gathered within the limits that were agreed when the dispute began."""

from datetime import datetime

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.dispute.events import DisputeCaseEvent, EvidenceAdded, EvidenceKind, EvidenceRemoved
from domain.dispute.refusals import (
    DisputeDeadlinePassed,
    EvidenceEmpty,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeRefused,
    TooMuchEvidence,
    closed,
)
from domain.dispute.state import Case, DisputeCase, NeedsResponse
from domain.identifiers import EvidenceId


class AddEvidence(Struct, frozen=True, kw_only=True):
    """`sha256` is the file's hex digest, `bytes` its size. A file of the same name is replaced."""

    evidence_id: EvidenceId
    kind: EvidenceKind
    name: str
    media_type: str
    bytes: int
    sha256: str


def add_evidence(dispute: DisputeCase, command: AddEvidence, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Add a file; no event when the same file is there already. Raises DisputeClosed, DisputeDeadlinePassed,
    EvidenceEmpty, EvidenceTooLarge, EvidenceTypeRefused, TooMuchEvidence, CardDataRefused."""
    case = _require_answerable(dispute, "add evidence to", now)
    limits = case.evidence_limits
    if command.bytes == 0:
        raise EvidenceEmpty()
    if command.bytes > limits.file_bytes_max:
        raise EvidenceTooLarge(bytes_max=limits.file_bytes_max)
    if command.media_type not in limits.types:
        raise EvidenceTypeRefused(media_type=command.media_type, types=limits.types)
    require_no_card_number("name", command.name)
    before = case.named(command.name)
    if before is not None and (before.sha256, before.kind) == (command.sha256, command.kind):
        return ()
    if before is None and len(case.evidence) >= limits.files_max:
        raise TooMuchEvidence(files_max=limits.files_max)
    added = EvidenceAdded(
        evidence_id=command.evidence_id,
        kind=command.kind,
        name=command.name,
        media_type=command.media_type,
        bytes=command.bytes,
        sha256=command.sha256,
    )
    return (added,) if before is None else (EvidenceRemoved(evidence_id=before.evidence_id), added)


def remove_evidence(dispute: DisputeCase, name: str, now: datetime) -> tuple[DisputeCaseEvent, ...]:
    """Remove a file. Raises DisputeClosed, DisputeDeadlinePassed, EvidenceNotFound."""
    evidence = _require_answerable(dispute, "remove evidence from", now).named(name)
    if evidence is None:
        raise EvidenceNotFound(name=name)
    return (EvidenceRemoved(evidence_id=evidence.evidence_id),)


def _require_answerable(dispute: DisputeCase, verb: str, now: datetime) -> Case:
    """The case, while the merchant can still answer. Raises DisputeClosed, DisputeDeadlinePassed."""
    if not isinstance(dispute, NeedsResponse):
        raise closed(dispute, verb)
    if now >= dispute.case.respond_by:
        raise DisputeDeadlinePassed(respond_by=dispute.case.respond_by)
    return dispute.case
