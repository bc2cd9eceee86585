"""The stages of a dispute: one frozen struct each, tagged, so that a read model can keep a dispute whole as JSON."""

from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID, uuid5

from msgspec import Struct

from domain.dispute.events import DisputeKind, DisputeReason, EvidenceKind
from domain.identifiers import DisputeCaseId, DisputeId, EvidenceId, MerchantId, PaymentId, ProviderName, SubmissionId
from domain.money.money import Money
from domain.payment.method import CardBrand
from domain.terms.disputes import EvidenceLimits
from domain.terms.settlement import BeyondBudget

_NAMESPACE: Final = UUID("0c7f7d0a-6f2e-5d0b-8f6e-3a0c1d9be4a7")


def case_id_for(provider: ProviderName, dispute_id: DisputeId) -> DisputeCaseId:
    """The id of the dispute's stream, derived, so that repeated notifications are about one dispute."""
    return DisputeCaseId(uuid5(_NAMESPACE, f"{provider}:{dispute_id}"))


class Evidence(Struct, frozen=True, kw_only=True):
    """A file; `sha256` is its hex digest, `bytes` its size."""

    evidence_id: EvidenceId
    kind: EvidenceKind
    name: str
    media_type: str
    bytes: int
    sha256: str


class Booked(Struct, frozen=True, kw_only=True):
    """How the payment carries the claim: `frozen` of the money-back budget, and the `excess` beyond it, which
    `borne_by` bears."""

    frozen: Money
    excess: Money | None
    borne_by: BeyondBudget | None


class Case(Struct, frozen=True, kw_only=True):
    """The facts that every stage has: the dispute, its deadline, and its evidence.

    `amounts_before` were disputed earlier. `booked` is None where the money-back budget carries all of `amount`, and of
    an inquiry.
    """

    merchant_id: MerchantId
    payment_id: PaymentId
    provider: ProviderName
    dispute_id: DisputeId
    kind: DisputeKind
    amount: Money
    network: CardBrand | None
    reason: DisputeReason
    provider_reason: str
    respond_by: datetime
    evidence_limits: EvidenceLimits
    evidence: tuple[Evidence, ...] = ()
    amounts_before: tuple[Money, ...] = ()
    booked: Booked | None = None

    def named(self, name: str) -> Evidence | None:
        """The file of that name."""
        return next((each for each in self.evidence if each.name == name), None)


class NeedsResponse(Struct, frozen=True, kw_only=True, tag=True):
    """The merchant can still answer; `failure` is the provider's reason for refusing the last answer."""

    case: Case
    failure: str | None = None


class Submitting(Struct, frozen=True, kw_only=True, tag=True):
    """The evidence is on its way to the provider."""

    case: Case
    submission_id: SubmissionId
    evidence: tuple[EvidenceId, ...]


class UnderReview(Struct, frozen=True, kw_only=True, tag=True):
    """The bank has an answer; `evidence` is the part of it that was handed in through us."""

    case: Case
    evidence: tuple[EvidenceId, ...]


class Accepted(Struct, frozen=True, kw_only=True, tag=True):
    """The merchant gave in; `untold` is the id of an acceptance that the provider has not confirmed."""

    case: Case
    untold: SubmissionId | None


class Expired(Struct, frozen=True, kw_only=True, tag=True):
    case: Case


class Won(Struct, frozen=True, kw_only=True, tag=True):
    case: Case


class PartlyWon(Struct, frozen=True, kw_only=True, tag=True):
    """`lost` is the customer's, the rest of the amount the merchant's."""

    case: Case
    lost: Money


class Lost(Struct, frozen=True, kw_only=True, tag=True):
    case: Case


Answerable = NeedsResponse | Submitting | UnderReview
"""Nothing is decided yet, and of a chargeback the money is frozen."""
DisputeCase = NeedsResponse | Submitting | UnderReview | Accepted | Expired | Won | PartlyWon | Lost


class DisputeStatus(StrEnum):
    NEEDS_RESPONSE = "needs_response"
    SUBMITTING = "submitting"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WON = "won"
    PARTIALLY_WON = "partially_won"
    LOST = "lost"


def status_of(dispute: DisputeCase) -> DisputeStatus:
    match dispute:
        case NeedsResponse():
            return DisputeStatus.NEEDS_RESPONSE
        case Submitting():
            return DisputeStatus.SUBMITTING
        case UnderReview():
            return DisputeStatus.UNDER_REVIEW
        case Accepted():
            return DisputeStatus.ACCEPTED
        case Expired():
            return DisputeStatus.EXPIRED
        case Won():
            return DisputeStatus.WON
        case PartlyWon():
            return DisputeStatus.PARTIALLY_WON
        case Lost():
            return DisputeStatus.LOST
        case _:
            assert_never(dispute)
