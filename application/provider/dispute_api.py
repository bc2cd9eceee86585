"""The port to a provider's disputes department: evidence is handed in, or given up, each under an id of its own."""

from typing import Protocol

from msgspec import Struct

from domain.dispute.events import EvidenceKind
from domain.identifiers import DisputeId, SubmissionId
from domain.payment.outcome import Outcome


class EvidenceFile(Struct, frozen=True, kw_only=True):
    kind: EvidenceKind
    name: str
    media_type: str
    sha256: str
    content: bytes


class DisputeApi(Protocol):
    """Repeated under the same id, either has one effect. An implementation turns every failure into an outcome: what
    may have taken effect is Unknown, never an exception. What was done is Approved, with the provider's name for it."""

    async def submit(
        self, dispute_id: DisputeId, evidence: tuple[EvidenceFile, ...], submission_id: SubmissionId
    ) -> Outcome: ...

    async def accept(self, dispute_id: DisputeId, acceptance_id: SubmissionId) -> Outcome: ...
