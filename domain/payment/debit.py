"""What a refund or a dispute debits the merchant, and from where: what is still pending of this payment first, then
what is available; what the merchant would owe us beyond its limit is kept apart.

Over all refunds and disputes of a payment at the capture's rate, the parts come to just what the captures brought.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from domain.fx.conversion import Conversion
from domain.fx.rates import convert
from domain.money import Money, zero
from domain.payment.proceeds import (
    Drawn,
    LotShare,
    MerchantDebit,
    from_available,
    from_lots,
    from_owed,
)
from domain.payment.state import DisputeResult, Taken
from domain.terms.basis import Basis
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee


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
    taken: Taken,
    *,
    in_flight: MerchantDebit | None = None,
    source: DebitSource,
    rate: RefundRate,
    fee: Fee | None,
    basis: Basis,
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
        if rate is RefundRate.CURRENT:
            conversion = convert(amount, currency, basis.quote(amount.currency, currency, now), mark_up_basis_points=0)
            # Without a mark-up the merchant is debited the whole value.
            conversion = replace(conversion, settled=conversion.value)
        else:
            conversion = _at_the_captures_rate(amount, taken, debits)
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


def _standing(taken: Taken) -> Sequence[MerchantDebit]:
    """The debits that have not been given back."""
    disputes = (each.debit for each in taken.disputes if each.result is not DisputeResult.WON)
    return [*(refund.debit for refund in taken.refunds), *disputes]


def _at_the_captures_rate(amount: Money, taken: Taken, debits: Iterable[MerchantDebit]) -> Conversion:
    conversions = [each.proceeds.conversion for each in taken.captures]
    first = conversions[0]
    assert first is not None, "captures of one payment settle in one currency"
    whole = _sum([each for each in conversions if each is not None])
    standing = [(debit.rate, debit.conversion) for debit in debits if debit.conversion is not None]
    left = _less(whole, [conversion for rate, conversion in standing if rate is RefundRate.ORIGINAL])
    # Debits at another day's rate have used up the share that their amounts have of what those at the captures' leave:
    # of all that was captured it could be more than is left, where captures came at different rates.
    elsewhere = [conversion.amount for rate, conversion in standing if rate is not RefundRate.ORIGINAL]
    left = _less(left, [_share(sum(elsewhere, start=zero(amount.currency)), left)])
    return _share(amount, left)


def _share(amount: Money, whole: Conversion) -> Conversion:
    """The part of `whole` that `amount` of it is, rounded down; all of it for the whole amount."""

    def part(of: Money) -> Money:
        return Money(of.minor * amount.minor // max(whole.amount.minor, 1), of.currency)

    return replace(
        whole, amount=amount, value=part(whole.value), mark_up=part(whole.mark_up), settled=part(whole.settled)
    )


def _sum(conversions: Sequence[Conversion]) -> Conversion:
    first = conversions[0]
    nothing = zero(first.value.currency)
    return replace(
        first,
        amount=sum((each.amount for each in conversions), start=zero(first.amount.currency)),
        value=sum((each.value for each in conversions), start=nothing),
        mark_up=sum((each.mark_up for each in conversions), start=nothing),
        settled=sum((each.settled for each in conversions), start=nothing),
    )


def _less(whole: Conversion, parts: Sequence[Conversion]) -> Conversion:
    if not parts:
        return whole
    used = _sum(parts)
    return replace(
        whole,
        amount=whole.amount - used.amount,
        value=whole.value - used.value,
        mark_up=whole.mark_up - used.mark_up,
        settled=whole.settled - used.settled,
    )


def _drawn(total: Money, taken: Taken, debits: Iterable[MerchantDebit], source: DebitSource, now: datetime) -> Drawn:
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
    total: Money, taken: Taken, debits: Iterable[MerchantDebit], source: DebitSource, now: datetime
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
    for debit in [*debits, *(dispute.debit for dispute in won)]:
        for share in debit.drawn.pending:
            if share.due in pending:
                pending[share.due] -= share.amount
    # What a dispute froze may not all go back to where it was: its fee stays with us.
    for dispute in won:
        for share in () if dispute.returned is None else dispute.returned.pending:
            if share.due in pending:
                pending[share.due] += share.amount
    left = total
    for due in sorted(pending, key=lambda due: (due is not None, due), reverse=True):
        part = min(left, pending[due])
        if part > nothing:
            yield LotShare(due, part)
            left -= part
