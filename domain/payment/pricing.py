"""What a capture brings its merchant: converted where that is agreed, less fees and reserve, and from when on."""

from datetime import datetime

from domain.fx.conversion import Conversion
from domain.fx.rates import convert
from domain.money import Money
from domain.payment.method import PaymentMethod
from domain.payment.proceeds import Proceeds
from domain.payment.state import Capture
from domain.terms.basis import Basis
from domain.terms.fee_plan import processing_fee
from domain.terms.settlement import available_at, reserve_on, reserve_until


def proceeds_of(
    amount: Money, method: PaymentMethod, basis: Basis, now: datetime, *, before: tuple[Capture, ...] = ()
) -> Proceeds:
    """Of a capture of `amount`; `before` are the payment's earlier captures, whose settlement currency stays its own.

    The rate is the newest, however old: the money is taken, and whether a rate was fresh was asked before. Raises
    RateMissing, for the same reason, only where there never was a rate.
    """
    conversion = _conversion(amount, basis, before)
    gross = amount if conversion is None else conversion.settled
    rule = basis.terms.settlement
    fee = processing_fee(basis.terms.fees, gross, method)
    reserve = reserve_on(rule, gross - fee.amount)
    return Proceeds(
        gross=gross,
        conversion=conversion,
        fees=(fee,) if fee.amount.minor else (),
        reserve=reserve,
        due=available_at(rule, now, basis.is_holiday),
        reserve_due=reserve_until(rule, now) if reserve.minor else None,
        settlement_rule=rule.version,
    )


def _conversion(amount: Money, basis: Basis, before: tuple[Capture, ...]) -> Conversion | None:
    rule = basis.terms.conversion
    target = before[0].proceeds.gross.currency if before else rule.target_of(amount.currency)
    if target is None or target == amount.currency:
        return None
    quote = basis.quote(amount.currency, target)
    return convert(amount, target, quote, mark_up_basis_points=rule.mark_up_basis_points)
