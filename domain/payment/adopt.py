"""A capture, void or refund that was made at the provider, and not asked for here, is booked in full: the money has
moved, whatever we would have allowed.

Its id is derived from the provider's name for it, so that the same one is never booked a second time.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from domain.card_data import require_no_card_number
from domain.errors import DomainError
from domain.fx.rates import ConversionTooLarge, RateMissing
from domain.identifiers import OperationId, ProviderName
from domain.money.money import AmountOutOfRange, CurrencyMismatch, Money, zero
from domain.payment.debit import DebitSource, debit_for
from domain.payment.events import (
    FailureKind,
    OperationAdopted,
    OperationKind,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
)
from domain.payment.excess import excess_of
from domain.payment.pricing import proceeds_of
from domain.payment.proceeds import MerchantDebit
from domain.payment.progress import Operation
from domain.payment.refusals import IllegalTransition, refuse
from domain.payment.state import (
    Authorized,
    Captured,
    CapturedFunds,
    Expired,
    PartiallyCaptured,
    Payment,
    Refunding,
    Voided,
    captured_funds_of,
    terms_of,
)
from domain.payment.status import status_of
from domain.terms.conversion import RefundRate
from domain.terms.fee_plan import refund_fee
from domain.terms.pricing_context import PricingContext


class OperationDiffers(DomainError):
    """The provider's name for a capture, void or refund is on record with other content; `what` is what differs."""

    operation: OperationKind
    reference: str
    what: str
    ours: str
    theirs: str


class AdoptOperation(Struct, frozen=True, kw_only=True):
    """`reference` is the provider's name for the capture, void or refund. `amount` is what was captured or refunded; a
    void releases all that is still reserved, and needs none. `final` says whether a capture closes the authorisation,
    `closes` what the provider itself says of that, where it does.
    `failed` is why a refund did not come through, None where it did. `asked_as` is our own id for it where the provider
    gives one back that a merchant's command derived: it was asked for in a time that a restored store has lost."""

    kind: OperationKind
    provider: ProviderName
    reference: str
    amount: Money | None
    reason: str
    final: bool = True
    closes: bool | None = None
    failed: str | None = None
    asked_as: OperationId | None = None

    @property
    def operation_id(self) -> OperationId:
        if self.asked_as is not None:
            return self.asked_as
        return OperationId(uuid5(NAMESPACE_URL, f"tallystick:adopted:{self.provider}:{self.kind}:{self.reference}"))


def adopt(
    payment: Payment,
    operations: Mapping[OperationId, Operation],
    command: AdoptOperation,
    pricing: PricingContext,
    now: datetime,
    *,
    source: DebitSource = DebitSource.LOT,
) -> tuple[PaymentEvent, ...]:
    """Record what the provider did; nothing when one of the payment's `operations` is that one.

    Raises OperationDiffers, CurrencyMismatch, AmountOutOfRange, CardDataRefused, and the refusal of a payment of which
    the provider can have done no such thing, or of which it has to be settled first what became of an operation that
    may be the same.
    """
    known = called(operations, command.kind, command.reference)
    if known is not None:
        _require_same(known, command)
        return ()
    require_no_card_number("reason", command.reason)
    require_no_card_number("reference", command.reference)
    became: PaymentCaptured | PaymentVoided | PaymentRefunded | RefundFailed
    match command.kind:
        case OperationKind.CAPTURE:
            amount = _amount(payment, command)
            became = _captured(payment, command, amount, pricing, now)
        case OperationKind.VOID:
            became = _voided(payment, command)
            amount = became.released
        case OperationKind.REFUND:
            amount = _amount(payment, command)
            became = _refunded(payment, command, amount, pricing, now, source)
        case OperationKind.AUTHORIZE:
            raise refuse(payment, "record")
        case _:
            assert_never(command.kind)
    adopted = OperationAdopted(
        operation_id=command.operation_id,
        operation=command.kind,
        provider=command.provider,
        reference=command.reference,
        amount=amount,
        reason=command.reason,
    )
    return adopted, became


def called(operations: Mapping[OperationId, Operation], kind: OperationKind, reference: str) -> Operation | None:
    """The one of `operations` that the provider calls `reference`."""
    return next((each for each in operations.values() if each.kind is kind and each.own_reference == reference), None)


def _require_same(known: Operation, command: AdoptOperation) -> None:
    """Raises OperationDiffers."""

    def require(what: str, ours: str, theirs: str) -> None:
        if ours != theirs:
            raise OperationDiffers(
                operation=command.kind, reference=command.reference, what=what, ours=ours, theirs=theirs
            )

    if command.kind is not OperationKind.VOID:
        require("amount", str(known.amount), str(command.amount))
    require("outcome", _outcome(known.succeeded), _outcome(command.failed is None))


def _outcome(succeeded: bool | None) -> str:
    return "succeeded" if succeeded else "failed"


def _amount(payment: Payment, command: AdoptOperation) -> Money:
    """Raises AmountOutOfRange, CurrencyMismatch."""
    amount, currency = command.amount, terms_of(payment).amount.currency
    if amount is None or amount.minor <= 0:
        raise AmountOutOfRange(amount_minor=0 if amount is None else amount.minor)
    if amount.currency != currency:
        raise CurrencyMismatch(expected=currency, actual=amount.currency)
    return amount


def _refunded(
    payment: Payment,
    command: AdoptOperation,
    amount: Money,
    pricing: PricingContext,
    now: datetime,
    source: DebitSource,
) -> PaymentRefunded | RefundFailed:
    """The merchant is debited for what the budget has left, whatever it has; what is more than that is borne as the
    terms say. A refund of ours that is open may be the same one."""
    taken = captured_funds_of(payment)
    if taken is None:
        raise IllegalTransition(verb="record refund", status=status_of(payment))
    if isinstance(payment, Refunding):
        raise refuse(payment, "record refund")
    if command.failed is not None:
        return RefundFailed(
            merchant_id=terms_of(payment).merchant_id,
            refund_id=command.operation_id,
            kind=FailureKind.DECLINED,
            code="refund_declined",
            message=command.failed,
            returned=None,
        )
    excess = excess_of(amount, taken, pricing.terms.settlement)
    within = amount if excess is None else amount - excess.amount
    return PaymentRefunded(
        merchant_id=terms_of(payment).merchant_id,
        provider=command.provider,
        refund_id=command.operation_id,
        reference=command.reference,
        amount=amount,
        debit=_debit(within, taken, pricing, now, source),
        excess=excess,
        unreserved=True,
    )


def _debit(
    amount: Money, taken: CapturedFunds, pricing: PricingContext, now: datetime, source: DebitSource
) -> MerchantDebit:
    """At today's rate where that is agreed and there is one, and else at the captures'."""
    fee = refund_fee(pricing.terms.fees, taken.captures[0].proceeds.gross.currency)

    def at(rate: RefundRate) -> MerchantDebit:
        return debit_for(amount, taken, source=source, rate=rate, fee=fee, pricing=pricing, now=now)

    try:
        return at(pricing.terms.conversion.refund_rate)
    except (RateMissing, ConversionTooLarge):
        return at(RefundRate.ORIGINAL)


def _captured(
    payment: Payment, command: AdoptOperation, amount: Money, pricing: PricingContext, now: datetime
) -> PaymentCaptured:
    """Also of more than was reserved, and of what has been captured or voided, or has expired."""
    match payment:
        case Authorized() | PartiallyCaptured():
            reserved = payment.capturable
        case Captured() | Voided() | Expired():
            reserved = zero(amount.currency)
        case _:
            raise refuse(payment, "record capture")
    final = command.final or amount >= reserved
    taken = captured_funds_of(payment)
    earlier = () if taken is None else taken.captures
    return PaymentCaptured(
        merchant_id=payment.terms.merchant_id,
        provider=command.provider,
        capture_id=command.operation_id,
        reference=command.reference,
        amount=amount,
        released=reserved - amount if final else zero(amount.currency),
        final=final,
        proceeds=proceeds_of(amount, payment.terms.method.type, pricing, now, before=earlier),
    )


def _voided(payment: Payment, command: AdoptOperation) -> PaymentVoided:
    match payment:
        case Authorized() | PartiallyCaptured():
            return PaymentVoided(
                merchant_id=payment.terms.merchant_id,
                provider=command.provider,
                void_id=command.operation_id,
                released=payment.capturable,
            )
        case _:
            raise refuse(payment, "record void")
