"""The refusals of disputes, each with its facts."""

from datetime import datetime

from domain.dispute.state import DisputeCase, DisputeStatus, status_of
from domain.errors import DomainError


class DisputeClosed(DomainError):
    """The dispute's status does not allow the verb any more."""

    verb: str
    status: DisputeStatus


class DisputeDeadlinePassed(DomainError):
    """The dispute had to be answered before `respond_by`."""

    respond_by: datetime


class InquiryMovedNoMoney(DomainError):
    """An inquiry has taken no money and cannot be accepted. A merchant that agrees with the customer refunds."""


class EvidenceEmpty(DomainError):
    """The file has no bytes."""


class EvidenceTooLarge(DomainError):
    """The file is larger than `bytes_max`."""

    bytes_max: int


class EvidenceTypeRefused(DomainError):
    """Files of that type are not taken; `types` are."""

    media_type: str
    types: tuple[str, ...]


class EvidenceTypeDiffers(DomainError):
    """The bytes are not, or not only, of the declared type; `found` are the types that some program would take them
    for."""

    declared: str
    found: tuple[str, ...]


class TooMuchEvidence(DomainError):
    """The dispute has `files_max` files already."""

    files_max: int


class EvidenceNotFound(DomainError):
    """The dispute has no evidence of that name."""

    name: str


class EvidenceMissing(DomainError):
    """The dispute has no evidence to hand in."""


class RulingContradicts(DomainError):
    """The bank's ruling contradicts its earlier one, and only an operator can say which of the two holds."""

    status: DisputeStatus
    result: DisputeStatus


class NotEscalated(DomainError):
    """An inquiry cannot be lost: the notification that makes it a chargeback has not come."""


def closed(dispute: DisputeCase, verb: str) -> DisputeClosed:
    """The refusal of `verb` in the dispute's status."""
    return DisputeClosed(verb=verb, status=status_of(dispute))
