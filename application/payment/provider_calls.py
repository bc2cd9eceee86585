"""Each operation of a payment is asked for by one request, the same each time, at the provider of the payment."""

from collections.abc import Mapping, Sequence

from application.payment.loaded import LoadedPayment
from application.payment.partial_approval import give_up_part
from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.events import CaptureStarted, PaymentEvent, RefundStarted
from domain.payment.operation import provider_of
from domain.payment.outcome import ApprovedInPart, Declined, Mismatched, Outcome, Rejected, Unknown
from domain.payment.state import (
    Capturing,
    InFlight,
    Open,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Voiding,
    authorization_of,
)


class ProviderCalls:
    """The calls for payments' operations. A provider that is not configured here answers Unknown."""

    def __init__(self, providers: Mapping[ProviderName, Provider]) -> None:
        self._providers = providers

    async def ask(self, payment: InFlight, payment_id: PaymentId) -> Outcome:
        """The provider's answer to the operation in flight."""
        name = provider_of(payment)
        provider = self._providers.get(name)
        if provider is None:
            return _not_configured(name)
        request = request_for(payment, payment_id)
        match request:
            case AuthorizeRequest():
                return await provider.authorize(request)
            case CaptureRequest():
                return await provider.capture(request)
            case VoidRequest():
                return await provider.void(request)
            case RefundRequest():
                return await provider.refund(request)

    async def ask_again(self, payment: InFlight, payment_id: PaymentId) -> Outcome:
        """The outcome of an operation that is repeated.

        Where the provider knows no keys, a refusal of the repeat may be because the first request arrived meanwhile:
        an order that is voided already cannot be voided. The outcome is then the one that a look-up finds.
        """
        outcome = await self.ask(payment, payment_id)
        if not isinstance(outcome, Declined | Rejected):
            return outcome
        found = await self.look_up(payment, payment_id)
        return outcome if found is None else found

    async def look_up(self, payment: InFlight | RequiresAction, payment_id: PaymentId) -> Outcome | None:
        """The outcome that the provider has on record now; None where the provider never saw the operation."""
        name = provider_of(payment)
        provider = self._providers.get(name)
        return _not_configured(name) if provider is None else await provider.lookup(request_for(payment, payment_id))

    async def cancel_authorization(self, loaded: LoadedPayment, void_id: OperationId) -> Outcome:
        """Have the provider cancel the attempt whose customer did not act, under `void_id`."""
        payment = loaded.payment
        assert isinstance(payment, RequiresAction)
        attempt = payment.attempt
        request = VoidRequest(
            operation_id=void_id, payment_id=loaded.id, reference=payment.reference, amount=attempt.amount
        )
        provider = self._providers.get(attempt.provider)
        return _not_configured(attempt.provider) if provider is None else await provider.void(request)

    async def give_up_part(
        self, payment: Processing | RequiresAction, payment_id: PaymentId, part: ApprovedInPart
    ) -> Outcome:
        """Have the provider give up the part that it approved: see application.payment.partial_approval."""
        request = request_for(payment, payment_id)
        assert isinstance(request, AuthorizeRequest)
        return await give_up_part(self._providers[payment.attempt.provider], request, part)

    def takes_parts(self, payment: Payment, outcome: Mismatched) -> bool:
        """Whether `outcome` is an approval of a part, of a kind that the provider of the attempt is known for."""
        if not isinstance(outcome, ApprovedInPart) or not isinstance(payment, Processing | RequiresAction):
            return False
        return self._providers[payment.attempt.provider].capabilities.partial_approvals

    def keeps_open(self, payment: Payment) -> bool:
        """Whether the provider of the authorisation takes further captures after one that is not final. Where it does
        not, the provider releases the rest at the first capture."""
        provider = self._providers.get(payment.authorization.provider) if isinstance(payment, Open) else None
        return provider is None or provider.capabilities.several_captures

    def require_countable(self, payment: Payment, events: Sequence[PaymentEvent]) -> None:
        """Refuse an amount that the provider of the charge cannot express. Raises AmountNotCountable."""
        provider = self._providers.get(authorization_of(payment).provider)
        for event in events:
            if provider is not None and isinstance(event, CaptureStarted | RefundStarted):
                provider.capabilities.require_countable(event.amount)


def request_for(payment: InFlight | RequiresAction, payment_id: PaymentId) -> ProviderRequest:
    """The request for the operation in flight: always the same for the same operation."""
    match payment:
        case Processing(terms=terms, attempt=attempt) | RequiresAction(terms=terms, attempt=attempt):
            return AuthorizeRequest(
                operation_id=attempt.attempt_id,
                payment_id=payment_id,
                amount=attempt.amount,
                method=terms.method,
                capture=attempt.capture,
                return_url=terms.return_url,
                asked_at=attempt.started_at,
            )
        case Capturing(before=before, capture_id=capture_id, amount=amount, final=final):
            reference = before.authorization.reference
            return CaptureRequest(
                operation_id=capture_id, payment_id=payment_id, reference=reference, amount=amount, final=final
            )
        case Voiding(before=before, void_id=void_id):
            return VoidRequest(
                operation_id=void_id,
                payment_id=payment_id,
                reference=before.authorization.reference,
                amount=before.capturable,
            )
        case Refunding(before=before, refund_id=refund_id, amount=amount):
            return RefundRequest(
                operation_id=refund_id,
                payment_id=payment_id,
                reference=before.authorization.reference,
                amount=amount,
            )


def _not_configured(provider: ProviderName) -> Unknown:
    return Unknown(f"provider {provider} is not configured here")
