"""Everything that can happen to a payment. A released name is never edited: a change is a new version."""

from datetime import datetime
from enum import StrEnum

from domain.event import Event
from domain.identifiers import CustomerId, MerchantId, OperationId, ProviderName
from domain.money.money import Money
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.method import PaymentMethod
from domain.payment.outcome import NextAction, Outcome
from domain.payment.proceeds import Drawn, Excess, MerchantDebit, Proceeds
from domain.payment.settlement_events import MovementSettled
from domain.routing.candidate import Candidate, Strategy


class CaptureMethod(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"


class OperationKind(StrEnum):
    """What a provider can be asked to do."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class FailureKind(StrEnum):
    """Why a provider did not do what was asked."""

    DECLINED = "declined"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    ABANDONED = "abandoned"
    """The customer did not act in time, or the payment was canceled while the customer could still act."""


class PaymentCreated(Event, frozen=True, kw_only=True, tag="payment.created.v2"):
    """`return_url` is where the customer comes back to from a provider's page, if the merchant named one."""

    merchant_id: MerchantId
    customer_id: CustomerId
    amount: Money
    method: PaymentMethod
    capture_method: CaptureMethod
    return_url: str | None


class PaymentHeldForReview(Event, frozen=True, kw_only=True, tag="payment.held_for_review.v1"):
    reason: str
    risk_policy: str


class PaymentReviewApproved(Event, frozen=True, kw_only=True, tag="payment.review_approved.v1"):
    pass


class PaymentRouted(Event, frozen=True, kw_only=True, tag="payment.routed.v1"):
    """Why the next attempt goes where it goes: the policy's rule, and every candidate with its figures then.

    `attempt_id` names the attempt it decided on, `chosen` its provider: None when nobody was left to ask.
    """

    attempt_id: OperationId
    routing_policy: str
    rule: str
    strategy: Strategy
    draw: int
    candidates: tuple[Candidate, ...]
    chosen: ProviderName | None
    reason: str


class PaymentAttemptStarted(Event, frozen=True, kw_only=True, tag="payment.attempt_started.v1"):
    """Durable before the provider is called; `attempt_id` is the provider's idempotency key."""

    attempt_id: OperationId
    provider: ProviderName
    amount: Money
    capture: bool
    started_at: datetime
    routing_policy: str


class OperationOutcomeUnknown(Event, frozen=True, kw_only=True, tag="payment.outcome_unknown.v1"):
    """The provider may have done it: nothing else starts until this operation is resolved."""

    operation_id: OperationId
    operation: OperationKind
    reason: str


class OperationInDoubt(Event, frozen=True, kw_only=True, tag="payment.operation_in_doubt.v1"):
    """The provider has not told what it did for longer than `recovery_policy` waits: an operator has to find out."""

    operation_id: OperationId
    operation: OperationKind
    recovery_policy: str


class PaymentActionRequired(Event, frozen=True, kw_only=True, tag="payment.action_required.v2"):
    """The customer has until `expires_at`, as `window_policy` dates it."""

    attempt_id: OperationId
    reference: str
    action: NextAction
    expires_at: datetime
    window_policy: str


class ContradictionReported(Event, frozen=True, kw_only=True, tag="payment.contradiction_reported.v1"):
    """The provider says of an operation that ended the opposite of what it ended in; it changes nothing by itself,
    an operator has to look. `recorded` is how the operation ended, `reported` what the provider says now."""

    operation_id: OperationId
    operation: OperationKind
    provider: ProviderName
    recorded: str
    reported: Outcome


class PaymentAuthorized(Event, frozen=True, kw_only=True, tag="payment.authorized.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    attempt_id: OperationId
    reference: str
    amount: Money
    expires_at: datetime
    window_policy: str


class PaymentAttemptFailed(Event, frozen=True, kw_only=True, tag="payment.attempt_failed.v1"):
    attempt_id: OperationId
    provider: ProviderName
    kind: FailureKind
    code: str
    message: str


class PaymentFailed(Event, frozen=True, kw_only=True, tag="payment.failed.v1"):
    """Ended without money taken; `code` and `message` are the last attempt's, or the reviewer's."""

    code: str
    message: str


class PaymentCanceled(Event, frozen=True, kw_only=True, tag="payment.canceled.v1"):
    """Given up before any money was reserved or taken: by the merchant, whose own `reason` it is, or at the provider
    while the customer could still act (None)."""

    reason: str | None


class CaptureStarted(Event, frozen=True, kw_only=True, tag="payment.capture_started.v1"):
    capture_id: OperationId
    amount: Money
    final: bool


class PaymentCaptured(Event, frozen=True, kw_only=True, tag="payment.captured.v2"):
    """Money taken. `released` is what this final capture gave back of the authorisation: zero when not final, and below
    zero by as much as the provider took beyond what was reserved."""

    merchant_id: MerchantId
    provider: ProviderName
    capture_id: OperationId
    reference: str
    amount: Money
    released: Money
    final: bool
    proceeds: Proceeds


class CaptureFailed(Event, frozen=True, kw_only=True, tag="payment.capture_failed.v1"):
    capture_id: OperationId
    kind: FailureKind
    code: str
    message: str


class VoidStarted(Event, frozen=True, kw_only=True, tag="payment.void_started.v1"):
    void_id: OperationId


class PaymentVoided(Event, frozen=True, kw_only=True, tag="payment.voided.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    void_id: OperationId
    released: Money


class VoidFailed(Event, frozen=True, kw_only=True, tag="payment.void_failed.v1"):
    void_id: OperationId
    kind: FailureKind
    code: str
    message: str


class AuthorizationExpired(Event, frozen=True, kw_only=True, tag="payment.authorization_expired.v1"):
    merchant_id: MerchantId
    provider: ProviderName
    released: Money


class RefundStarted(Event, frozen=True, kw_only=True, tag="payment.refund_started.v2"):
    """The merchant is debited before the provider is asked, so that the same money is never given back twice. `debit`
    is None of a refund that was started before this was so."""

    merchant_id: MerchantId
    refund_id: OperationId
    amount: Money
    reason: str
    debit: MerchantDebit | None


class OperationAdopted(Event, frozen=True, kw_only=True, tag="payment.operation_adopted.v1"):
    """A capture, void or refund that was made at the provider, and not asked for here: what became of it follows in the
    same append. `reference` is the provider's name for it, `reason` why it was recorded; the recorded actor says by
    whom: the provider's notification, or an operator."""

    operation_id: OperationId
    operation: OperationKind
    provider: ProviderName
    reference: str
    amount: Money
    reason: str


class PaymentRefunded(Event, frozen=True, kw_only=True, tag="payment.refunded.v3"):
    """`debit` is for the part of `amount` that the payment's money-back budget had left, `excess` what is more than
    that. `unreserved` says that the merchant is debited now, and not when the refund was started."""

    merchant_id: MerchantId
    provider: ProviderName
    refund_id: OperationId
    reference: str
    amount: Money
    debit: MerchantDebit
    excess: Excess | None
    unreserved: bool


class RefundFailed(Event, frozen=True, kw_only=True, tag="payment.refund_failed.v2"):
    """`returned` is where the merchant's money went back to; None where none had been taken."""

    merchant_id: MerchantId
    refund_id: OperationId
    kind: FailureKind
    code: str
    message: str
    returned: Drawn | None


class RefundReversed(Event, frozen=True, kw_only=True, tag="payment.refund_reversed.v1"):
    """A refund that had succeeded failed later: the provider has the money again. `debit` is what the merchant had been
    debited for the refund, and `excess` what was beyond the budget; `returned` is where all that the merchant bore of
    both went back to, the fee too. `reference` is the provider's name for the refund."""

    merchant_id: MerchantId
    provider: ProviderName
    refund_id: OperationId
    reference: str
    amount: Money
    code: str
    message: str
    debit: MerchantDebit
    excess: Excess | None
    returned: Drawn


OperationEnded = (
    PaymentAuthorized
    | PaymentAttemptFailed
    | PaymentCaptured
    | CaptureFailed
    | PaymentVoided
    | VoidFailed
    | PaymentRefunded
    | RefundFailed
)
"""How an operation at a provider ended."""

PaymentEvent = (
    PaymentCreated
    | PaymentHeldForReview
    | PaymentReviewApproved
    | PaymentRouted
    | PaymentAttemptStarted
    | OperationOutcomeUnknown
    | OperationInDoubt
    | PaymentActionRequired
    | PaymentAuthorized
    | PaymentAttemptFailed
    | PaymentFailed
    | PaymentCanceled
    | CaptureStarted
    | PaymentCaptured
    | CaptureFailed
    | VoidStarted
    | PaymentVoided
    | VoidFailed
    | AuthorizationExpired
    | RefundStarted
    | PaymentRefunded
    | RefundFailed
    | RefundReversed
    | OperationAdopted
    | DisputeOpened
    | DisputeRaised
    | DisputeReduced
    | DisputeWon
    | DisputeLost
    | DisputeReversed
    | MovementSettled
    | ContradictionReported
)
