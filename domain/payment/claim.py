"""A bank's claim is carried by the payment's money-back budget first, and beyond the budget by the party that the terms
name."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.fx.conversion import Conversion
from domain.fx.rates import convert_up, quote_of
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource, debit_for, returned
from domain.payment.excess import excess
from domain.payment.proceeds import Claim, Drawn, Excess, LotShare, MerchantDebit
from domain.payment.state import CapturedFunds
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee
from domain.terms.pricing_context import PricingContext
from domain.terms.settlement import BeyondBudget


class Raised(Struct, frozen=True, kw_only=True):
    """The whole `claim` after a raise; `drawn` is what the raise takes from the merchant, `excess` what is beyond the
    budget."""

    claim: Claim
    drawn: Drawn
    excess: Money


class Reduced(Struct, frozen=True, kw_only=True):
    """The claim after a reduction; `returned` is what the merchant gets back, `recovered` the part of our loss that is
    undone."""

    left: Claim
    returned: Drawn
    recovered: Money


def claim_for(
    disputed: Money,
    taken: CapturedFunds,
    *,
    in_flight: MerchantDebit | None,
    source: DebitSource,
    fee: Fee | None,
    pricing: PricingContext,
    now: datetime,
) -> Claim:
    """The claim to `disputed`, in any currency; `in_flight` is the debit of a refund that is on its way. Raises
    RateMissing where there is no rate for the conversion."""
    exchange = exchanged(disputed, taken, pricing, now)
    in_payment = disputed if exchange is None else exchange.value
    amount = min(in_payment, taken.refundable)
    beyond = in_payment - amount
    return Claim(
        disputed=disputed,
        exchange=exchange,
        amount=amount,
        debit=_debit(amount, taken, in_flight, source, fee, pricing, now),
        excess=None if beyond.minor == 0 else excess(beyond, taken, pricing.terms.settlement),
    )


def exchanged(disputed: Money, taken: CapturedFunds, pricing: PricingContext, now: datetime) -> Conversion | None:
    """The conversion of `disputed` into the payment's currency, at the rate of record; None where the currencies are
    the same. Raises RateMissing."""
    if disputed.currency == taken.currency:
        return None
    return convert_up(disputed, pricing.quote(disputed.currency, taken.currency, now))


def raise_claim(
    claim: Claim,
    disputed: Money,
    taken: CapturedFunds,
    *,
    in_flight: MerchantDebit | None,
    source: DebitSource,
    pricing: PricingContext,
    now: datetime,
) -> Raised:
    """The claim after the bank raised its whole amount to `disputed`. What an earlier part was converted by stays."""
    exchange = _as_before(claim.exchange, disputed)
    in_payment = disputed if exchange is None else exchange.value
    before = claim.amount if claim.excess is None else claim.amount + claim.excess.amount
    more = in_payment - before
    added = min(more, taken.refundable)
    debit = _debit(added, taken, in_flight, source, None, pricing, now)
    beyond = in_payment - claim.amount - added
    after = None if beyond.minor == 0 else _beyond(claim.excess, beyond, taken, pricing)
    return Raised(
        claim=Claim(
            disputed=disputed,
            exchange=exchange,
            amount=claim.amount + added,
            debit=_together(claim.debit, debit),
            excess=after,
        ),
        drawn=debit.drawn,
        excess=_settled(after, debit.settled.currency) - _settled(claim.excess, debit.settled.currency),
    )


def reduce_claim(claim: Claim, disputed: Money, now: datetime, *, debt_is_paid: bool) -> Reduced:
    """The claim after the bank lowered its whole amount to `disputed`, or to zero. The excess is given back first. With
    `debt_is_paid`, money that would lower the merchant's debt goes to the available balance."""
    exchange = _as_before(claim.exchange, disputed)
    in_payment = disputed if exchange is None else exchange.value
    amount = min(claim.amount, in_payment)
    conversion = None if claim.debit.conversion is None else claim.debit.conversion.part(amount)
    settled = amount if conversion is None else conversion.settled
    beyond = None if claim.excess is None else _part(claim.excess, in_payment - amount)
    back = returned(claim.debit, claim.debit.settled - settled, now)
    debit = replace(claim.debit, settled=settled, conversion=conversion, drawn=_without(claim.debit.drawn, back))
    freed = _settled(claim.excess, settled.currency) - _settled(beyond, settled.currency)
    owed = claim.excess is not None and claim.excess.borne_by is BeyondBudget.OWED
    if owed:
        back = replace(back, owed=back.owed + freed)
    if debt_is_paid:
        back = replace(back, available=back.available + back.owed, owed=zero(settled.currency))
    return Reduced(
        left=Claim(disputed=disputed, exchange=exchange, amount=amount, debit=debit, excess=beyond),
        returned=back,
        recovered=zero(settled.currency) if owed else freed,
    )


def _debit(
    amount: Money,
    taken: CapturedFunds,
    in_flight: MerchantDebit | None,
    source: DebitSource,
    fee: Fee | None,
    pricing: PricingContext,
    now: datetime,
) -> MerchantDebit:
    return debit_for(
        amount, taken, in_flight=in_flight, source=source, rate=RefundRate.ORIGINAL, fee=fee, pricing=pricing, now=now
    )


def _as_before(exchange: Conversion | None, disputed: Money) -> Conversion | None:
    """The conversion of `disputed` at the rate of the claim's first conversion."""
    return None if exchange is None else convert_up(disputed, quote_of(exchange))


def _beyond(before: Excess | None, amount: Money, taken: CapturedFunds, pricing: PricingContext) -> Excess:
    """The excess of `amount`, borne as the excess before was, or else as the terms of today say."""
    return excess(amount, taken, pricing.terms.settlement) if before is None else _resized(before, amount)


def _part(before: Excess, amount: Money) -> Excess | None:
    return None if amount.minor == 0 else _resized(before, amount)


def _resized(before: Excess, amount: Money) -> Excess:
    conversion = None if before.conversion is None else convert_up(amount, quote_of(before.conversion))
    settled = amount if conversion is None else conversion.settled
    return replace(before, amount=amount, settled=settled, conversion=conversion)


def _settled(beyond: Excess | None, currency: str) -> Money:
    return zero(currency) if beyond is None else beyond.settled


def _together(one: MerchantDebit, other: MerchantDebit) -> MerchantDebit:
    """Both debits as one, with the fee of the first."""
    conversion = one.conversion
    if conversion is not None and other.conversion is not None:
        conversion = conversion.plus(other.conversion)
    lots = {share.due: share.amount for share in one.drawn.pending}
    for share in other.drawn.pending:
        lots[share.due] = lots.get(share.due, zero(share.amount.currency)) + share.amount
    drawn = Drawn(
        pending=tuple(LotShare(due, amount) for due, amount in lots.items()),
        available=one.drawn.available + other.drawn.available,
        owed=one.drawn.owed + other.drawn.owed,
    )
    return replace(one, settled=one.settled + other.settled, conversion=conversion, drawn=drawn)


def _without(drawn: Drawn, back: Drawn) -> Drawn:
    """The part of `drawn` that is not given back. Money from a lot that has been released since is in
    `back.available`."""
    from_lots = {share.due: share.amount for share in back.pending}
    left = back.available
    shares = []
    for share in drawn.pending:
        kept = share.amount - from_lots.get(share.due, zero(left.currency))
        released = zero(left.currency) if share.due in from_lots else min(left, kept)
        left -= released
        if (kept - released).minor:
            shares.append(LotShare(share.due, kept - released))
    return Drawn(pending=tuple(shares), available=drawn.available - left, owed=drawn.owed - back.owed)
