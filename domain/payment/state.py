"""Where a payment can be: one frozen struct a stage, holding just what that stage has.

The stages are tagged with their names, so that a read model can keep a whole payment as JSON.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.identifiers import CustomerId, DisputeId, MerchantId, OperationId, ProviderName
from domain.money.money import Money, zero
from domain.payment.events import CaptureMethod
from domain.payment.method import PaymentMethod
from domain.payment.outcome import NextAction
from domain.payment.proceeds import Claim, Drawn, Excess, MerchantDebit, Proceeds


class Terms(Struct, frozen=True, kw_only=True):
    """What was agreed when the payment was created; it never changes."""

    merchant_id: MerchantId
    customer_id: CustomerId
    amount: Money
    method: PaymentMethod
    capture_method: CaptureMethod
    return_url: str | None


class Attempt(Struct, frozen=True, kw_only=True):
    """One try at one provider to authorise (and, for `capture`, to take) the amount."""

    attempt_id: OperationId
    provider: ProviderName
    amount: Money
    capture: bool
    started_at: datetime


class FailedAttempt(Struct, frozen=True, kw_only=True):
    """An attempt that certainly took nothing."""

    attempt_id: OperationId
    provider: ProviderName
    started_at: datetime
    code: str


class Authorization(Struct, frozen=True, kw_only=True):
    """Funds a provider reserves for us until `expires_at`; `reference` is its name for the charge."""

    attempt_id: OperationId
    provider: ProviderName
    reference: str
    amount: Money
    expires_at: datetime


class Capture(Struct, frozen=True, kw_only=True):
    capture_id: OperationId
    amount: Money
    proceeds: Proceeds


class Refund(Struct, frozen=True, kw_only=True):
    """`debit` is for what the budget had left of `amount`, `excess` what was beyond that. `returned` is what went back
    to the merchant where the refund failed after it had succeeded; None where it stands."""

    refund_id: OperationId
    amount: Money
    debit: MerchantDebit
    excess: Excess | None = None
    returned: Drawn | None = None

    @property
    def stands(self) -> bool:
        return self.returned is None


class DisputeResult(StrEnum):
    WON = "won"
    LOST = "lost"


class Dispute(Struct, frozen=True, kw_only=True):
    """What a bank disputes of the payment; `result` is None while it is open. `returned` is what went back to the
    merchant once it was won; `reversed_in_part` says that some of what was lost has come back."""

    dispute_id: DisputeId
    claim: Claim
    result: DisputeResult | None = None
    returned: Drawn | None = None
    reversed_in_part: bool = False

    @property
    def amount(self) -> Money:
        """Of the payment's budget."""
        return self.claim.amount

    @property
    def debit(self) -> MerchantDebit:
        return self.claim.debit


class CapturedFunds(Struct, frozen=True, kw_only=True):
    """Money taken and given back so far: the one budget on which refunds and chargebacks both draw."""

    captures: tuple[Capture, ...]
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @property
    def captured(self) -> Money:
        return _total([capture.amount for capture in self.captures], self.currency)

    @property
    def refunded(self) -> Money:
        return _total([refund.amount for refund in self.refunds if refund.stands], self.currency)

    @property
    def charged_back(self) -> Money:
        lost = [dispute.amount for dispute in self.disputes if dispute.result is DisputeResult.LOST]
        return _total(lost, self.currency)

    @property
    def frozen(self) -> Money:
        """By disputes that are open."""
        return _total([dispute.amount for dispute in self.disputes if dispute.result is None], self.currency)

    @property
    def refundable(self) -> Money:
        """Nothing where providers and banks have taken more than was captured."""
        return max(zero(self.currency), self.captured - self.refunded - self.charged_back - self.frozen)

    @property
    def currency(self) -> str:
        return self.captures[0].amount.currency

    def refund(self, refund_id: OperationId) -> Refund | None:
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def dispute(self, dispute_id: DisputeId) -> Dispute | None:
        return next((dispute for dispute in self.disputes if dispute.dispute_id == dispute_id), None)


class Created(Struct, frozen=True, kw_only=True, tag=True):
    terms: Terms


class InReview(Struct, frozen=True, kw_only=True, tag=True):
    """Held by risk before any attempt."""

    terms: Terms
    reason: str


class Processing(Struct, frozen=True, kw_only=True, tag=True):
    """An attempt is at the provider; `outcome_unknown` once we stopped hearing from it."""

    terms: Terms
    attempt: Attempt
    tried: tuple[FailedAttempt, ...] = ()
    outcome_unknown: bool = False
    in_doubt: bool = False


class Rerouting(Struct, frozen=True, kw_only=True, tag=True):
    """Between two attempts: the last one took nothing, and what comes next follows in the same append."""

    terms: Terms
    tried: tuple[FailedAttempt, ...]


class RequiresAction(Struct, frozen=True, kw_only=True, tag=True):
    """The provider waits for the customer, who has until `expires_at`; `reference` is its name for the charge."""

    terms: Terms
    attempt: Attempt
    reference: str
    action: NextAction
    expires_at: datetime


class Authorized(Struct, frozen=True, kw_only=True, tag=True):
    """Funds reserved, nothing taken yet."""

    terms: Terms
    authorization: Authorization

    @property
    def capturable(self) -> Money:
        return self.authorization.amount


class PartiallyCaptured(Struct, frozen=True, kw_only=True, tag=True):
    """Some taken, and the rest of the authorisation still open for further captures."""

    terms: Terms
    authorization: Authorization
    taken: CapturedFunds

    @property
    def capturable(self) -> Money:
        return self.authorization.amount - self.taken.captured


class Captured(Struct, frozen=True, kw_only=True, tag=True):
    """Money taken and the authorisation closed; some or all of it may have been given back since."""

    terms: Terms
    authorization: Authorization
    taken: CapturedFunds


class Capturing(Struct, frozen=True, kw_only=True, tag=True):
    """A capture is at the provider; a failure leads back to `before`."""

    before: Authorized | PartiallyCaptured
    capture_id: OperationId
    amount: Money
    final: bool
    outcome_unknown: bool = False
    in_doubt: bool = False


class Voiding(Struct, frozen=True, kw_only=True, tag=True):
    """A void is at the provider; a failure leads back to `before`."""

    before: Authorized | PartiallyCaptured
    void_id: OperationId
    outcome_unknown: bool = False
    in_doubt: bool = False


class Refunding(Struct, frozen=True, kw_only=True, tag=True):
    """A refund is at the provider, its amount already spoken for; a failure leads back to `before`."""

    before: PartiallyCaptured | Captured
    refund_id: OperationId
    amount: Money
    debit: MerchantDebit | None
    outcome_unknown: bool = False
    in_doubt: bool = False


class Voided(Struct, frozen=True, kw_only=True, tag=True):
    terms: Terms
    authorization: Authorization


class Expired(Struct, frozen=True, kw_only=True, tag=True):
    terms: Terms
    authorization: Authorization


class Failed(Struct, frozen=True, kw_only=True, tag=True):
    terms: Terms
    code: str
    message: str


class Canceled(Struct, frozen=True, kw_only=True, tag=True):
    """Given up before any money was reserved or taken; `reason` is the merchant's own, if it gave one."""

    terms: Terms
    reason: str | None


Open = Authorized | PartiallyCaptured
"""An authorisation that can still be captured, voided, or expire."""
InFlight = Processing | Capturing | Voiding | Refunding
"""An operation is at a provider, and no other may start until its outcome is known."""
Payment = (
    Created
    | InReview
    | Processing
    | Rerouting
    | RequiresAction
    | Authorized
    | PartiallyCaptured
    | Captured
    | Capturing
    | Voiding
    | Refunding
    | Voided
    | Expired
    | Failed
    | Canceled
)


def terms_of(payment: Payment) -> Terms:
    """The terms of the payment, whatever has happened since."""
    match payment:
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return before.terms
        case _:
            return payment.terms


def is_authorized(payment: Payment) -> bool:
    """Whether a provider has ever reserved or taken money for it."""
    match payment:
        case Created() | InReview() | Processing() | Rerouting() | RequiresAction() | Failed() | Canceled():
            return False
        case _:
            return True


def authorization_of(payment: Payment) -> Authorization:
    """Of a payment that has one: of which money was taken, say."""
    match payment:
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return before.authorization
        case Created() | InReview() | Processing() | Rerouting() | RequiresAction() | Failed() | Canceled():
            raise ValueError(f"nothing was authorised: the payment is {type(payment).__name__}")
        case _:
            return payment.authorization


def captured_funds_of(payment: Payment) -> CapturedFunds | None:
    """The money taken so far; None when there is none."""
    match payment:
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return captured_funds_of(before)
        case PartiallyCaptured(taken=taken) | Captured(taken=taken):
            return taken
        case _:
            return None


def _total(amounts: list[Money], currency: str) -> Money:
    return sum(amounts, start=zero(currency))
