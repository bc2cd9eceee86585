"""What a refund or a dispute debits the merchant, and from where: what is still pending of this payment first, then
what is available; what the merchant would owe us beyond its limit is kept apart."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from domain.fx.conversion import Conversion
from domain.money.money import Money, zero
from domain.payment.converted_debit import at_the_captures_rate, at_the_rate_of
from domain.payment.proceeds import (
    Drawn,
    LotShare,
    MerchantDebit,
    from_available,
    from_lots,
    from_owed,
)
from domain.payment.state import CapturedFunds, Dispute, DisputeResult, Refund
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee
from domain.terms.pricing_context import PricingContext


class DebitSource(StrEnum):
    """Where to take it from; each where the one before did not hold enough."""

    LOT = "lot"
    """What is pending of the day's captures, up to what this payment's brought before fees and reserve."""
    SHARE = "share"
    """What this payment's captures have pending after fees and reserve, and the rest of what is available."""
    AVAILABLE = "available"
    UNRELEASED = "unreleased"
    """As SHARE, with what is due and may not have been released yet: where what is available alone was not enough."""
    OWED = "owed"

    @property
    def after(self) -> "DebitSource | None":
        """Where to take it from when a lot turned out not to hold it."""
        return {
            DebitSource.LOT: DebitSource.SHARE,
            DebitSource.SHARE: DebitSource.AVAILABLE,
            DebitSource.UNRELEASED: DebitSource.AVAILABLE,
        }.get(self)


def debit_for(
    amount: Money,
    taken: CapturedFunds,
    *,
    in_flight: MerchantDebit | None = None,
    source: DebitSource,
    rate: RefundRate,
    fee: Fee | None,
    pricing: PricingContext,
    now: datetime,
) -> MerchantDebit:
    """The debit for giving back `amount` of what was taken, which has to have so much left; `in_flight` is that of the
    refund that is on its way.

    Raises RateMissing or ConversionTooLarge for a conversion at the current rate.
    """
    debits = [*_standing(taken), *(() if in_flight is None else (in_flight,))]
    currency = taken.captures[0].proceeds.gross.currency
    conversion: Conversion | None = None
    if currency == amount.currency:
        settled = amount
    else:
        before = [each.conversion for each in debits if each.conversion is not None and each.rate is rate]
        if rate is RefundRate.CURRENT:
            conversion = at_the_rate_of(pricing.quote(amount.currency, currency, now), amount, before)
        else:
            brought = [each.proceeds.conversion for each in taken.captures]
            captures = [each for each in brought if each is not None]
            assert len(captures) == len(brought), "captures of one payment settle in one currency"
            conversion = at_the_captures_rate(amount, captures, before)
        settled = conversion.settled
    total = settled if fee is None else settled + fee.amount
    return MerchantDebit(
        settled=settled,
        conversion=conversion,
        rate=None if conversion is None else rate,
        fee=fee,
        drawn=_drawn(total, taken, debits, source, now),
    )


def returned(debit: MerchantDebit, amount: Money, now: datetime) -> Drawn:
    """Where `amount` of a debit goes back to: to the lots that are still pending, what was owed, and what is
    available; the last taken first given back."""
    left = amount
    owed = min(left, debit.drawn.owed)
    left -= owed
    shares = []
    for share in debit.drawn.pending:
        back = min(left, share.amount)
        if back.minor and is_pending(share.due, now):
            shares.append(LotShare(share.due, back))
            left -= back
    return Drawn(pending=tuple(shares), available=left, owed=owed)


def is_pending(due: datetime | None, now: datetime) -> bool:
    return due is None or now < due


def _standing(taken: CapturedFunds) -> Sequence[MerchantDebit]:
    """The debits that have not been given back."""
    disputes = (each.debit for each in taken.disputes if each.result is not DisputeResult.WON)
    return [*(refund.debit for refund in taken.refunds if refund.stands), *disputes]


def _drawn(
    total: Money, taken: CapturedFunds, debits: Iterable[MerchantDebit], source: DebitSource, now: datetime
) -> Drawn:
    match source:
        case DebitSource.AVAILABLE:
            return from_available(total)
        case DebitSource.OWED:
            return from_owed(total)
        case DebitSource.LOT | DebitSource.SHARE | DebitSource.UNRELEASED:
            shares = _pending_shares(total, taken, debits, source, now)
            lots = from_lots(shares, total.currency)
            return Drawn(pending=lots.pending, available=total - lots.total, owed=lots.owed)


def _pending_shares(
    total: Money, taken: CapturedFunds, debits: Iterable[MerchantDebit], source: DebitSource, now: datetime
) -> Iterable[LotShare]:
    """Of what this payment has pending, the part that comes last first: it is the merchant's the latest."""
    nothing = zero(total.currency)
    pending: dict[datetime | None, Money] = {}
    for capture in taken.captures:
        if source is DebitSource.UNRELEASED or is_pending(capture.proceeds.due, now):
            due = capture.proceeds.due
            of_capture = capture.proceeds.gross if source is DebitSource.LOT else capture.proceeds.net
            pending[due] = pending.get(due, nothing) + of_capture
    won = [dispute for dispute in taken.disputes if dispute.result is DisputeResult.WON]
    undone: list[Dispute | Refund] = [*won, *(refund for refund in taken.refunds if not refund.stands)]
    for debit in [*debits, *(each.debit for each in undone)]:
        for share in debit.drawn.pending:
            if share.due in pending:
                pending[share.due] -= share.amount
    # What a dispute froze may not all go back to where it was: its fee stays with us, and a lot may be released since.
    for each in undone:
        for share in () if each.returned is None else each.returned.pending:
            if share.due in pending:
                pending[share.due] += share.amount
    left = total
    for due in sorted(pending, key=lambda due: (due is not None, due), reverse=True):
        part = min(left, pending[due])
        if part > nothing:
            yield LotShare(due, part)
            left -= part
