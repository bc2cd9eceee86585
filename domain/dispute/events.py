"""The events of a dispute. A released name is never edited: a change is a new version.

The money is on the payment's own stream (`payment.dispute_opened` and what follows it), appended together with these.
"""

from datetime import datetime
from enum import StrEnum

from domain.event import Event
from domain.identifiers import DisputeId, EvidenceId, MerchantId, PaymentId, ProviderName, SubmissionId
from domain.money.money import Money
from domain.payment.events import FailureKind
from domain.payment.method import CardBrand
from domain.terms.disputes import EvidenceLimits
from domain.terms.settlement import BeyondBudget


class DisputeKind(StrEnum):
    """An inquiry only asks, and has moved no money; a chargeback has taken it."""

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"


class DisputeReason(StrEnum):
    """Why the customer disputes, in our words; the provider's stand beside them."""

    FRAUDULENT = "fraudulent"
    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DUPLICATE = "duplicate"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    SUBSCRIPTION_CANCELED = "subscription_canceled"
    INCORRECT_AMOUNT = "incorrect_amount"
    OTHER = "other"


class EvidenceKind(StrEnum):
    """What a piece of evidence shows."""

    RECEIPT = "receipt"
    CUSTOMER_COMMUNICATION = "customer_communication"
    SHIPPING = "shipping"
    SERVICE = "service"
    REFUND_POLICY = "refund_policy"
    CANCELLATION_POLICY = "cancellation_policy"
    DUPLICATE_CHARGE = "duplicate_charge"
    ACCESS_LOG = "access_log"
    OTHER = "other"


class CaseOpened(Event, frozen=True, kw_only=True, tag="dispute.opened.v1"):
    """`amount` is the disputed amount, which may be more than is left to freeze. `dispute_rule` is the version of the
    terms at that time: `respond_by` and `evidence_limits` follow that version, whatever is agreed later."""

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
    dispute_rule: str
    evidence_limits: EvidenceLimits


class CaseEscalated(Event, frozen=True, kw_only=True, tag="dispute.escalated.v1"):
    """The inquiry has become a chargeback of `amount`."""

    amount: Money
    respond_by: datetime
    dispute_rule: str


class CaseAmended(Event, frozen=True, kw_only=True, tag="dispute.amended.v1"):
    """The bank disputes `amount` from now on: less than before, or more."""

    amount: Money


class ClaimBooked(Event, frozen=True, kw_only=True, tag="dispute.claim_booked.v1"):
    """How the payment carries the claim, recorded unless the money-back budget carries all of it. `frozen` is the part
    that the budget carries, `excess` the rest, both in the payment's currency; `borne_by` is the party that bears the
    excess."""

    frozen: Money
    excess: Money | None
    borne_by: BeyondBudget | None


class DeadlineMoved(Event, frozen=True, kw_only=True, tag="dispute.deadline_moved.v1"):
    """The provider wants the answer earlier than before."""

    respond_by: datetime


class EvidenceAdded(Event, frozen=True, kw_only=True, tag="dispute.evidence_added.v1"):
    """`sha256` is the hex digest under which the file is kept, `bytes` the file's size."""

    evidence_id: EvidenceId
    kind: EvidenceKind
    name: str
    media_type: str
    bytes: int
    sha256: str


class EvidenceRemoved(Event, frozen=True, kw_only=True, tag="dispute.evidence_removed.v1"):
    evidence_id: EvidenceId


class SubmissionStarted(Event, frozen=True, kw_only=True, tag="dispute.submission_started.v1"):
    """The evidence is about to be handed in, under `submission_id`, which is the provider's idempotency key."""

    submission_id: SubmissionId
    evidence: tuple[EvidenceId, ...]


class EvidenceSubmitted(Event, frozen=True, kw_only=True, tag="dispute.evidence_submitted.v1"):
    """The second presentment: the provider has the evidence. Without a `submission_id` the evidence was handed in at
    the provider and not through us."""

    submission_id: SubmissionId | None
    reference: str | None


class SubmissionFailed(Event, frozen=True, kw_only=True, tag="dispute.submission_failed.v1"):
    """The provider refused the submission: nothing was handed in."""

    submission_id: SubmissionId
    kind: FailureKind
    code: str
    message: str


class CaseAccepted(Event, frozen=True, kw_only=True, tag="dispute.accepted.v1"):
    """The merchant gives in. Without an `acceptance_id` the merchant did so at the provider, which need not be told."""

    acceptance_id: SubmissionId | None


class AcceptanceAnswered(Event, frozen=True, kw_only=True, tag="dispute.acceptance_answered.v1"):
    """The provider has answered the acceptance; `refusal` is its reason for refusing, None where it agreed."""

    acceptance_id: SubmissionId
    refusal: str | None


class CaseExpired(Event, frozen=True, kw_only=True, tag="dispute.expired.v1"):
    """Nobody answered in time."""


class CaseWon(Event, frozen=True, kw_only=True, tag="dispute.won.v1"):
    pass


class CasePartlyWon(Event, frozen=True, kw_only=True, tag="dispute.partly_won.v1"):
    """The bank has ruled in part for the merchant: `lost` goes to the customer, the rest to the merchant."""

    lost: Money


class CaseLost(Event, frozen=True, kw_only=True, tag="dispute.lost.v1"):
    pass


DisputeCaseEvent = (
    CaseOpened
    | CaseEscalated
    | CaseAmended
    | ClaimBooked
    | DeadlineMoved
    | EvidenceAdded
    | EvidenceRemoved
    | SubmissionStarted
    | EvidenceSubmitted
    | SubmissionFailed
    | CaseAccepted
    | AcceptanceAnswered
    | CaseExpired
    | CaseWon
    | CasePartlyWon
    | CaseLost
)
