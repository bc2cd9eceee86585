"""The state of a Stripe object gives the outcome of the operation that created or changed the object."""

# Only the fields in use are declared. A payment intent is both an authorisation and its only capture: without
# multicapture, which Stripe grants to few accounts, a capture releases the rest. Source:
# docs.stripe.com/payments/paymentintents/lifecycle.

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct

from domain.identifiers import OperationId
from domain.money.money import Money
from domain.payment.outcome import (
    DECLINE_CODE_CANCELED,
    DECLINE_CODE_OTHER,
    ActionRequired,
    Approved,
    Declined,
    Outcome,
    Redirect,
    Unknown,
)
from domain.payment.stated import Movement, Stated
from infrastructure.provider.interpretation import Interpretation
from infrastructure.provider.minor_units import Count, Currency, stated_amount
from infrastructure.provider.reading import our_operation
from infrastructure.provider.stripe.amounts import UNITS
from infrastructure.provider.stripe.decline_codes import normalised
from infrastructure.provider.text import readable

OPERATION_ID: Final = "operation_id"
CAPTURE_OPERATION_ID: Final = "capture_operation_id"
"""A key of its own beside OPERATION_ID, which keeps naming the authorisation: Stripe merges metadata by key."""

StripeId = Annotated[str, Meta(pattern=r"^[!-~]{1,255}\Z")]
Url = Annotated[str, Meta(pattern=r"^https?://[!-~]{1,5000}\Z")]


class RefusedIntent(Struct, frozen=True):
    """The payment intent that an error is about."""

    id: StripeId
    metadata: dict[str, str] | None = None

    @property
    def operation(self) -> str | None:
        """The id of our authorisation that created the intent."""
        return None if self.metadata is None else self.metadata.get(OPERATION_ID)


class Error(Struct, frozen=True):
    """The reason of a refusal; `decline_code` is the issuer's reason, `code` is Stripe's own."""

    type: str | None = None
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None
    payment_intent: RefusedIntent | None = None

    def declined(self, otherwise: str) -> Declined:
        code = normalised(self.decline_code, self.code, otherwise=otherwise)
        return Declined(code, readable(self.message or self.decline_code or self.code or ""))


class RedirectToUrl(Struct, frozen=True):
    url: Url


class NextAction(Struct, frozen=True):
    """The customer's next step; `redirect_to_url` is absent for steps that only Stripe's own scripts can take."""

    redirect_to_url: RedirectToUrl | None = None


class PaymentIntent(Struct, frozen=True):
    """A payment intent; `amount_received` is the captured amount, `amount_capturable` the amount reserved now."""

    id: StripeId
    status: str
    capture_method: str
    amount: Count
    currency: Currency
    amount_received: Count | None = None
    amount_capturable: Count | None = None
    metadata: dict[str, str] | None = None
    last_payment_error: Error | None = None
    next_action: NextAction | None = None
    latest_charge: object = None
    """The id of the latest charge, or the charge itself; None when nothing was ever charged or reserved."""

    @property
    def was_authorized(self) -> bool:
        """Whether an amount was reserved at some time; a refused charge leaves an error, and does not count."""
        return not self.captures_at_once and self.latest_charge is not None and self.last_payment_error is None

    @property
    def captures_at_once(self) -> bool:
        return self.capture_method != "manual"

    def stated(self, amount: int | None) -> Money | None:
        """`amount` of the intent in our units. Raises AmountUnreadable."""
        return stated_amount(UNITS, amount, self.currency)

    def operation(self, key: str) -> OperationId | None:
        """The id of our operation in the metadata under `key`."""
        return our_operation((self.metadata or {}).get(key, ""))

    def as_authorization(self) -> Interpretation:
        """The outcome and the stated facts of the authorisation. Raises AmountUnreadable."""
        taken = self.status == "succeeded"
        amount = self.amount
        if taken and self.amount_received is not None:
            amount = self.amount_received
        if self.status == "requires_capture" and self.amount_capturable is not None:
            amount = self.amount_capturable
        stated = Stated(
            operation_id=(self.metadata or {}).get(OPERATION_ID, ""),
            made=self.id,
            amount=self.stated(amount),
            movement=Movement.TAKEN if taken else Movement.RESERVED,
        )
        return Interpretation(self.authorized(), stated)

    def as_capture(self) -> Interpretation:
        """The outcome and the stated facts in the immediate answer to a capture. Raises AmountUnreadable."""
        stated = Stated(
            operation_id=(self.metadata or {}).get(CAPTURE_OPERATION_ID, ""),
            charge=self.id,
            amount=self.stated(self.amount_received),
            movement=Movement.TAKEN,
        )
        return Interpretation(self.captured(), stated)

    def as_void(self) -> Interpretation:
        """The outcome and the stated facts in the immediate answer to a cancellation, which leaves no id of ours."""
        return Interpretation(self.voided(), Stated(charge=self.id, movement=Movement.RELEASED))

    def authorized(self) -> Outcome:
        """The outcome of the authorisation."""
        match self.status:
            case "succeeded":
                return Approved(self.id)
            case "requires_capture" if not self.captures_at_once:
                return Approved(self.id)
            case "requires_action" if self.next_action and self.next_action.redirect_to_url:
                return ActionRequired(self.id, Redirect(self.next_action.redirect_to_url.url))
            case "requires_payment_method" | "canceled" if self.last_payment_error:
                # Final: another confirmation needs the account's publishable key, which no client receives from us.
                # Without an error the first confirmation may still be in progress.
                return self.last_payment_error.declined(DECLINE_CODE_OTHER)
            case "canceled":
                return Declined(DECLINE_CODE_CANCELED, "the payment intent is canceled")
            case _:
                return self.undecided()

    def captured(self) -> Outcome:
        """The outcome in the immediate answer to a capture."""
        return Approved(self.id) if self.status == "succeeded" else self.undecided()

    def voided(self) -> Outcome:
        """The outcome in the immediate answer to a cancellation."""
        return Approved(self.id) if self.status == "canceled" else self.undecided()

    def undecided(self) -> Unknown:
        return Unknown(readable(f"payment intent {self.id} is {self.status}"), accepted=True)


class Refund(Struct, frozen=True):
    """A refund.

    A refund without a balance transaction gave no money back: it released the rest that a capture left reserved.
    """

    id: StripeId
    status: str | None
    amount: Count
    currency: Currency
    payment_intent: StripeId | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None
    balance_transaction: object = UNSET

    @property
    def releases(self) -> bool:
        """Whether the refund succeeded and moved no money on our account at Stripe."""
        return self.status == "succeeded" and self.balance_transaction is None

    @property
    def stated(self) -> Money | None:
        """The amount of the refund in our units. Raises AmountUnreadable."""
        return stated_amount(UNITS, self.amount, self.currency)

    def as_refund(self) -> Interpretation:
        """The outcome and the stated facts of the refund. Raises AmountUnreadable."""
        stated = Stated(
            operation_id=(self.metadata or {}).get(OPERATION_ID, ""),
            charge=self.payment_intent,
            made=self.id,
            amount=self.stated,
            movement=Movement.GIVEN_BACK,
        )
        return Interpretation(self.refunded(), stated)

    def operation(self) -> OperationId | None:
        """The id of our operation in the metadata."""
        return our_operation((self.metadata or {}).get(OPERATION_ID, ""))

    def refunded(self) -> Outcome:
        """The outcome of the refund; a pending refund may still fail."""
        match self.status:
            case "succeeded":
                return Approved(self.id)
            case "failed" | "canceled":
                return Declined("refund_declined", readable(f"the refund {self.status}: {self.failure_reason}"))
            case status:
                return Unknown(readable(f"refund {self.id} is {status}"), accepted=True)


class Payments(Struct, frozen=True):
    """One page of a listing of payment intents."""

    data: list[PaymentIntent]
    has_more: bool


class Refunds(Struct, frozen=True):
    """One page of a listing of refunds."""

    data: list[Refund]
    has_more: bool
