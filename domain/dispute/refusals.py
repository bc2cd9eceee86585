"""What a dispute refuses, each with the facts of the refusal."""

from datetime import datetime

from domain.dispute.state import DisputeCase, DisputeStatus, status_of
from domain.errors import DomainError


class DisputeClosed(DomainError):
    """The dispute's status does not allow the verb any more."""

    verb: str
    status: DisputeStatus


class DisputeDeadlinePassed(DomainError):
    """It had to be answered before `respond_by`."""

    respond_by: datetime


class InquiryMovedNoMoney(DomainError):
    """There is nothing to give in to: an inquiry has taken no money. Who agrees with the customer refunds."""


class EvidenceEmpty(DomainError):
    """A file without a byte shows nothing."""


class EvidenceTooLarge(DomainError):
    bytes_max: int


class EvidenceTypeRefused(DomainError):
    media_type: str
    types: tuple[str, ...]


class EvidenceTypeDiffers(DomainError):
    """The bytes are not, or not only, of the type that they were declared to be; `found` are the types that some
    program would take them for."""

    declared: str
    found: tuple[str, ...]


class TooMuchEvidence(DomainError):
    files_max: int


class EvidenceNotFound(DomainError):
    """The dispute has no evidence of that name."""

    name: str


class EvidenceMissing(DomainError):
    """Nothing was gathered that could be handed in."""


class RulingContradicts(DomainError):
    """The bank rules the opposite of what it ruled before, in the way that cannot be followed by itself."""

    status: DisputeStatus
    result: DisputeStatus


class NotEscalated(DomainError):
    """An inquiry cannot be lost: the word that it became a chargeback is still to come."""


def closed(dispute: DisputeCase, verb: str) -> DisputeClosed:
    return DisputeClosed(verb=verb, status=status_of(dispute))
