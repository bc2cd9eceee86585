"""The port to a payment provider: five calls, each answered with a normalised outcome and never an exception."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.method import PaymentMethod
from domain.payment.outcome import Outcome
from domain.routing.capabilities import Capabilities


class AuthorizeRequest(Struct, frozen=True, kw_only=True):
    """Reserve `amount` on the customer's method, and take it at once when `capture` is true.

    `return_url` is where the customer comes back to from a page of the provider's; None where the merchant named none.
    `asked_at` is when it was first asked for, which a provider is not told: a look-up searches from then on.
    """

    operation_id: OperationId
    payment_id: PaymentId
    amount: Money
    method: PaymentMethod
    capture: bool
    return_url: str | None = None
    asked_at: datetime | None = None


class CaptureRequest(Struct, frozen=True, kw_only=True):
    """Take `amount` of what the charge `reference` reserved; `final` releases the rest."""

    operation_id: OperationId
    payment_id: PaymentId
    reference: str
    amount: Money
    final: bool


class VoidRequest(Struct, frozen=True, kw_only=True):
    """Release the `amount` that the charge `reference` still reserves."""

    operation_id: OperationId
    payment_id: PaymentId
    reference: str
    amount: Money


class RefundRequest(Struct, frozen=True, kw_only=True):
    """Give `amount` of what the charge `reference` took back to the customer."""

    operation_id: OperationId
    payment_id: PaymentId
    reference: str
    amount: Money


ProviderRequest = AuthorizeRequest | CaptureRequest | VoidRequest | RefundRequest


class Provider(Protocol):
    """One payment provider, through one account of ours there.

    Every call carries its `operation_id` as the provider's idempotency key, so a repeated call has one effect. An
    implementation turns every failure into an outcome: what may have taken effect is Unknown, never an exception.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    async def authorize(self, request: AuthorizeRequest) -> Outcome: ...

    async def capture(self, request: CaptureRequest) -> Outcome: ...

    async def void(self, request: VoidRequest) -> Outcome: ...

    async def refund(self, request: RefundRequest) -> Outcome: ...

    async def lookup(self, request: ProviderRequest) -> Outcome | None:
        """What became of the operation that `request` asked for; None when the provider has never seen it.

        Unavailable says nothing of the operation, and so is never an answer: a lookup that fails is Unknown.
        """
        ...
