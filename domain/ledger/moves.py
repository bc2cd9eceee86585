"""The building blocks of the posting rules: a move between two accounts, a merchant's debit, and a conversion."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from domain.fx.conversion import Conversion
from domain.identifiers import MerchantId
from domain.ledger.accounts import (
    AccountCode,
    Side,
    available,
    fx,
    fx_mark_up,
    fx_residue,
    owed,
    pending,
    platform_losses,
)
from domain.ledger.entry import Posting
from domain.money.money import Money
from domain.payment.proceeds import Drawn, Excess
from domain.terms.settlement import BeyondBudget

Postings = tuple[Posting, ...]


def debit(code: AccountCode, amount: Money, due: datetime | None = None) -> Postings:
    """A debit, or a credit where the amount is below zero; no posting where the amount is zero."""
    return _line(code, Side.DEBIT, amount, due)


def credit(code: AccountCode, amount: Money, due: datetime | None = None) -> Postings:
    return _line(code, Side.CREDIT, amount, due)


def move(amount: Money, *, debit: AccountCode, credit: AccountCode) -> Postings:
    return (*_line(debit, Side.DEBIT, amount), *_line(credit, Side.CREDIT, amount))


def take(drawn: Drawn, merchant: MerchantId) -> Postings:
    """The merchant's accounts are debited."""
    return _merchant(drawn, merchant, Side.DEBIT)


def give_back(drawn: Drawn, merchant: MerchantId) -> Postings:
    """The merchant's accounts are credited."""
    return _merchant(drawn, merchant, Side.CREDIT)


def bear(excess: Excess, merchant: MerchantId) -> Postings:
    """The account that bears the excess is debited: the merchant's debt, or our losses."""
    match excess.borne_by:
        case BeyondBudget.OWED:
            return debit(owed(merchant), excess.settled)
        case BeyondBudget.LOSSES:
            return debit(platform_losses(), excess.settled)
        case _:
            assert_never(excess.borne_by)


def converted(conversion: Conversion) -> Postings:
    """The postings of a conversion: the amount was taken in one currency and is owed in another; the merchant's
    share is left to be credited."""
    return (
        *credit(fx(conversion.amount.currency), conversion.amount),
        *debit(fx(conversion.value.currency), conversion.value),
        *credit(fx_mark_up(), conversion.mark_up),
        *credit(fx_residue(), conversion.residue),
    )


def converted_back(conversion: Conversion) -> Postings:
    """The postings of a conversion back, in the opposite direction."""
    return reversed_(converted(conversion))


def reversed_(postings: Iterable[Posting]) -> Postings:
    return tuple(
        Posting(each.account, Side.CREDIT if each.side is Side.DEBIT else Side.DEBIT, each.amount, each.due)
        for each in postings
    )


def _merchant(drawn: Drawn, merchant: MerchantId, side: Side) -> Postings:
    lots = (line for share in drawn.pending for line in _line(pending(merchant), side, share.amount, share.due))
    return (*lots, *_line(available(merchant), side, drawn.available), *_line(owed(merchant), side, drawn.owed))


def _line(code: AccountCode, side: Side, amount: Money, due: datetime | None = None) -> Postings:
    if amount.minor == 0:
        return ()
    if amount.minor < 0:
        other = Side.CREDIT if side is Side.DEBIT else Side.DEBIT
        return (Posting(code, other, -amount, due),)
    return (Posting(code, side, amount, due),)
