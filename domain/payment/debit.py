"""A refund or dispute debits the merchant's pending lots of the payment first, then its available balance, then, where
nobody may refuse the debit, its debt."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.fx.conversion import Conversion
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, available, is_lot, owed
from domain.money.money import Money, zero
from domain.payment.converted_debit import convert_at_capture_rates, convert_at_quote
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
    """The accounts that a debit is taken from."""

    LOT = "lot"
    """The pending lots of the payment's captures, up to the gross amount of its captures; then the available
    balance."""
    SHARE = "share"
    """The pending lots of the payment's captures, up to the net amount of its captures; then the available balance."""
    AVAILABLE = "available"
    """The available balance alone."""
    UNRELEASED = "unreleased"
    """As SHARE, with the lots that are due: the release of such a lot may still have to be booked."""
    OWED = "owed"
    """The merchant's debt, which has no limit."""


class Funding(Struct, frozen=True, kw_only=True):
    """One try to book a debit, or to give one back.

    `source` is the accounts that the debit is taken from. `beyond_available` is the source for the try after the one
    for which the available balance was short, or None where there is none or that try has been made. With
    `debt_is_paid`, money given back to the merchant goes to the available balance and not against its debt: the debt
    has been collected since.
    """

    source: DebitSource
    beyond_available: DebitSource | None
    debt_is_paid: bool = False


REFUND_FUNDING: Final = Funding(source=DebitSource.LOT, beyond_available=DebitSource.UNRELEASED)
"""The first try of a refund that the merchant asks for: refused where the merchant does not have the money."""
PROVIDER_DEBIT_FUNDING: Final = Funding(source=DebitSource.LOT, beyond_available=DebitSource.OWED)
"""The first try of a debit that a bank or provider has made already: the merchant owes the money it does not have."""
TRUE_UP_FUNDING: Final = Funding(source=DebitSource.AVAILABLE, beyond_available=DebitSource.OWED)
"""The first try of a fee that is trued up: no lot holds it, and the merchant owes the money it does not have."""

_SOURCE_AFTER_SHORT_LOT: Final = {
    DebitSource.LOT: DebitSource.SHARE,
    DebitSource.SHARE: DebitSource.AVAILABLE,
    DebitSource.UNRELEASED: DebitSource.AVAILABLE,
}


def next_funding_source(current: Funding, short_account: AccountCode, merchant_id: MerchantId) -> Funding | None:
    """The try after `current`, for which `short_account` did not hold enough; None where the debit is refused.

    The order of the sources is LOT, SHARE, AVAILABLE while lots are short; a short available balance leads to
    `beyond_available`, once. A short debt of the merchant (less is owed than is to be given back against it) sets
    `debt_is_paid`, once. Every chain of tries ends, after five at most.
    """
    if is_lot(short_account):
        source = _SOURCE_AFTER_SHORT_LOT.get(current.source)
        return None if source is None else replace(current, source=source)
    if short_account == available(merchant_id) and current.beyond_available is not None:
        return replace(current, source=current.beyond_available, beyond_available=None)
    if short_account == owed(merchant_id) and not current.debt_is_paid:
        return replace(current, debt_is_paid=True)
    return None


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
    """The debit for giving back `amount`, of which the captures have enough left; `in_flight` is the debit of a refund
    that is on its way.

    Raises RateMissing or ConversionTooLarge for a conversion at the current rate.
    """
    debits = [*_outstanding_debits(taken), *(() if in_flight is None else (in_flight,))]
    currency = taken.captures[0].proceeds.gross.currency
    conversion: Conversion | None = None
    if currency == amount.currency:
        settled = amount
    else:
        before = [each.conversion for each in debits if each.conversion is not None and each.rate is rate]
        if rate is RefundRate.CURRENT:
            conversion = convert_at_quote(pricing.quote(amount.currency, currency, now), amount, before)
        else:
            conversions = [each.proceeds.conversion for each in taken.captures]
            captures = [each for each in conversions if each is not None]
            assert len(captures) == len(conversions), "captures of one payment settle in one currency"
            conversion = convert_at_capture_rates(amount, captures, before)
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
    """The accounts that `amount` of a debit is given back to: the debt first, then the lots that are still pending,
    then the available balance."""
    left = amount
    to_debt = min(left, debit.drawn.owed)
    left -= to_debt
    shares = []
    for share in debit.drawn.pending:
        back = min(left, share.amount)
        if back.minor and is_pending(share.due, now):
            shares.append(LotShare(share.due, back))
            left -= back
    return Drawn(pending=tuple(shares), available=left, owed=to_debt)


def is_pending(due: datetime | None, now: datetime) -> bool:
    """Whether a lot is not due yet. Captures from before there were dates have no `due`, and stay pending."""
    return due is None or now < due


def _outstanding_debits(taken: CapturedFunds) -> Sequence[MerchantDebit]:
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
    """The parts of this payment's lots that carry `total`, as far as they can; the lot that is due last comes first."""
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
    # Less than a dispute froze may go back to its lot: the fee stays with us, and the lot may have been released since.
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
