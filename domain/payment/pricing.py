"""What a capture brings its merchant: converted where that is agreed, less fees and reserve, and from when on."""

from datetime import datetime
from typing import Final

from domain.fx.conversion import Conversion
from domain.fx.rates import ConversionTooLarge, Quote, RateMissing, convert
from domain.money.money import Money, zero
from domain.payment.method import MethodType
from domain.payment.proceeds import Proceeds
from domain.payment.state import Capture
from domain.terms.fee import Fee
from domain.terms.fee_plan import FeeNotAgreed, processing_fee
from domain.terms.pricing_context import PricingContext
from domain.terms.settlement import available_at, reserve_on, reserve_until

ISSUED_IN: Final = None
"""No connector says in which country a method was issued, and what the merchant says of it (`PaymentMethod.country`)
never sets a price: it is the plan's for a region that is not known."""


def proceeds_of(
    amount: Money, method: MethodType, pricing: PricingContext, now: datetime, *, before: tuple[Capture, ...] = ()
) -> Proceeds:
    """Of a capture of `amount`; `before` are the payment's earlier captures, whose settlement currency stays its own.

    The money is taken, and has to be booked whatever was agreed since somebody asked for it: the rate is the newest,
    however old; where there is none, it settles in its own currency, and what has no price is not charged.
    """
    conversion = _conversion(amount, pricing, before, now)
    gross = amount if conversion is None else conversion.settled
    rule = pricing.terms.settlement
    fees = _fees(gross, method, pricing)
    reserve = reserve_on(rule, gross - sum((fee.amount for fee in fees), start=zero(gross.currency)))
    return Proceeds(
        gross=gross,
        conversion=conversion,
        fees=fees,
        reserve=reserve,
        due=available_at(rule, now, pricing.is_holiday),
        reserve_due=reserve_until(rule, now) if reserve.minor else None,
        settlement_rule=rule.version,
    )


def require_priced(amount: Money, method: MethodType, pricing: PricingContext, now: datetime) -> None:
    """Refuse to begin what could not be settled as agreed. Raises RateMissing, RateStale, ConversionTooLarge,
    FeeNotAgreed."""
    target = pricing.require_rate(amount.currency, now)
    settled = amount
    if target is not None:
        settled = convert(
            amount,
            target,
            pricing.quote(amount.currency, target, now),
            mark_up_basis_points=pricing.terms.conversion.mark_up_basis_points,
        ).settled
    processing_fee(pricing.terms.fees, settled, method, ISSUED_IN)


def _conversion(
    amount: Money, pricing: PricingContext, before: tuple[Capture, ...], now: datetime
) -> Conversion | None:
    rule = pricing.terms.conversion
    target = before[0].proceeds.gross.currency if before else rule.target_of(amount.currency)
    if target in (None, amount.currency):
        return None
    quote = _quote(amount.currency, target, pricing, before, now)
    if quote is None:
        return None
    try:
        return convert(amount, target, quote, mark_up_basis_points=rule.mark_up_basis_points)
    except ConversionTooLarge:
        return None


def _quote(
    currency: str, target: str, pricing: PricingContext, before: tuple[Capture, ...], now: datetime
) -> Quote | None:
    """The newest rate; where none may be used any more, that of the payment's last capture."""
    try:
        return pricing.quote(currency, target, now)
    except RateMissing:
        last = before[-1].proceeds.conversion if before else None
    if last is None:
        return None
    return Quote(from_currency=currency, to_currency=target, text=last.rate, rates=last.rates, as_of=last.as_of)


def _fees(gross: Money, method: MethodType, pricing: PricingContext) -> tuple[Fee, ...]:
    try:
        fee = processing_fee(pricing.terms.fees, gross, method, ISSUED_IN)
    except FeeNotAgreed:
        return ()
    # An estimate of nothing is kept: what the card did cost is charged once it is known.
    return (fee,) if fee.amount.minor or fee.estimate else ()
