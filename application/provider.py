"""The port to a payment provider: five calls, each answered with a normalised outcome and never an exception."""

from typing import Protocol

from msgspec import Struct

from domain.identifiers import OperationId, PaymentId
from domain.money import Money
from domain.payment.method import PaymentMethod
from domain.payment.outcome import Outcome


class AuthorizeRequest(Struct, frozen=True, kw_only=True):
    """Reserve `amount` on the customer's method, and take it at once when `capture` is true."""

    operation_id: OperationId
    payment_id: PaymentId
    amount: Money
    method: PaymentMethod
    capture: bool


class CaptureRequest(Struct, frozen=True, kw_only=True):
    """Take `amount` of what the charge `reference` reserved; `final` releases the rest."""

    operation_id: OperationId
    reference: str
    amount: Money
    final: bool


class VoidRequest(Struct, frozen=True, kw_only=True):
    """Release what the charge `reference` still reserves."""

    operation_id: OperationId
    reference: str


class RefundRequest(Struct, frozen=True, kw_only=True):
    """Give `amount` of what the charge `reference` took back to the customer."""

    operation_id: OperationId
    reference: str
    amount: Money


ProviderRequest = AuthorizeRequest | CaptureRequest | VoidRequest | RefundRequest


class Provider(Protocol):
    """One payment provider.

    Every call carries its `operation_id` as the provider's idempotency key, so a repeated call has one effect. An
    implementation turns every failure into an outcome: what may have taken effect is Unknown, never an exception.
    """

    async def authorize(self, request: AuthorizeRequest) -> Outcome: ...

    async def capture(self, request: CaptureRequest) -> Outcome: ...

    async def void(self, request: VoidRequest) -> Outcome: ...

    async def refund(self, request: RefundRequest) -> Outcome: ...

    async def lookup(self, operation_id: OperationId) -> Outcome | None:
        """What became of an operation; None when the provider has never seen it."""
        ...
