"""Everything that can happen to a payment. A released name is never edited: a change is a new version."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.event import Event
from domain.fx.conversion import Conversion
from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, ProviderName
from domain.money.money import Money
from domain.payment.method import PaymentMethod
from domain.payment.outcome import NextAction, Outcome
from domain.payment.proceeds import Claim, Drawn, Excess, MerchantDebit, Proceeds
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


class DisputeOpened(Event, frozen=True, kw_only=True, tag="payment.dispute_opened.v3"):
    """The bank's whole claim: what the payment's budget carries of it is frozen, what is beyond it is borne at once."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    reason: str
    claim: Claim


class DisputeRaised(Event, frozen=True, kw_only=True, tag="payment.dispute_raised.v1"):
    """The bank disputes more than before: `claim` is all of it from now on. Of the merchant `drawn` was taken more, and
    `excess`, in the same currency, is more beyond the budget."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    claim: Claim
    drawn: Drawn
    excess: Money


class DisputeReduced(Event, frozen=True, kw_only=True, tag="payment.dispute_reduced.v1"):
    """The bank disputes less than before: `claim` is what is left. `returned` went back to the merchant, `recovered` is
    what was to be our loss and is none."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    claim: Claim
    returned: Drawn
    recovered: Money


class DisputeWon(Event, frozen=True, kw_only=True, tag="payment.dispute_won.v3"):
    """`returned` went back to the merchant, `recovered` is what was to be our loss and is none."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money
    returned: Drawn
    recovered: Money


class DisputeLost(Event, frozen=True, kw_only=True, tag="payment.dispute_lost.v3"):
    """The provider keeps `disputed`. `amount` of the payment's budget is gone, `settled` what the merchant was debited
    for it."""

    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    disputed: Money
    exchange: Conversion | None
    amount: Money
    settled: Money
    conversion: Conversion | None
    excess: Excess | None


class DisputeReversed(Event, frozen=True, kw_only=True, tag="payment.dispute_reversed.v2"):
    """Won after it had been lost: the provider gives `disputed` back. `left` is what stays lost; None where that is
    nothing. `amount`, `settled` and `excess` are those of what comes back."""

    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    disputed: Money
    exchange: Conversion | None
    amount: Money
    settled: Money
    conversion: Conversion | None
    excess: Excess | None
    returned: Drawn
    recovered: Money
    left: Claim | None


class MovementKind(StrEnum):
    """What a provider settles."""

    CAPTURE = "capture"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    REVERSAL = "reversal"
    """Of a chargeback: a dispute that was lost and won after all."""
    REFUND_REVERSAL = "refund_reversal"
    """Of a refund that failed after it had succeeded."""


class ProviderCost(Struct, frozen=True, kw_only=True):
    """What the provider charged us for a movement, in minor units of its currency; `other` may be negative."""

    interchange_minor: int = 0
    scheme_minor: int = 0
    markup_minor: int = 0
    other_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.interchange_minor + self.scheme_minor + self.markup_minor + self.other_minor


class MovementSettled(Event, frozen=True, kw_only=True, tag="payment.movement_settled.v1"):
    """The provider paid us for a movement, net of its cost. `gross` is what it counts for us, negative where money went
    back. `true_up` is what the actual cost changes of the merchant's fee: above zero the merchant is charged more, from
    `drawn`."""

    merchant_id: MerchantId
    provider: ProviderName
    settlement_id: str
    bank: str
    movement: MovementKind
    movement_id: str
    gross: Money
    cost: ProviderCost
    true_up: Money
    drawn: Drawn | None
    fee_plan: str


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
