"""What the books have to say about a payment, told from where it stands and never from its entries.

The posting rules go event by event; this goes by state alone. Two ways to the same sums: the machines compare them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import assert_never

from domain.fx.conversion import Conversion
from domain.identifiers import MerchantId, PaymentId
from domain.ledger.accounts import (
    AccountCode,
    account,
    authorized,
    available,
    fx,
    fx_mark_up,
    fx_residue,
    held,
    holds,
    is_lot,
    owed,
    pending,
    platform_fees,
    platform_losses,
    platform_provisions,
    psp_clearing,
)
from domain.ledger.balances import BalanceKey, limited_changes
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import entry_for
from domain.money.money import Money
from domain.payment.events import PaymentEvent
from domain.payment.proceeds import Excess, MerchantDebit, Proceeds
from domain.payment.state import (
    Authorized,
    Canceled,
    Captured,
    CapturedFunds,
    Capturing,
    Created,
    Dispute,
    DisputeResult,
    Expired,
    Failed,
    InReview,
    PartiallyCaptured,
    Payment,
    Processing,
    Refunding,
    RequiresAction,
    Rerouting,
    Voided,
    Voiding,
)
from domain.terms.settlement import BeyondBudget

Books = Counter[BalanceKey]


def entries_of(payment_id: PaymentId, events: Iterable[PaymentEvent], *, after: int = 0) -> list[JournalEntryPosted]:
    """The entries that `events`, those of a payment's history behind its first `after`, caused."""
    entries = (entry_for(payment_id, version, event) for version, event in enumerate(events, start=after + 1))
    return [entry for entry in entries if entry is not None]


class KeptBalances:
    """The balances with a floor, kept the way the store keeps them: what an append would take below is refused."""

    def __init__(self) -> None:
        self.books: Books = Counter()

    def broken_by(
        self, entries: Iterable[JournalEntryPosted], floors: Mapping[BalanceKey, int] = MappingProxyType({})
    ) -> AccountCode | None:
        """An account that does not hold what `entries` would take."""
        for change in limited_changes(entries, floors):
            if change.change_minor < 0 and self.books[change.key] + change.change_minor < change.floor_minor:
                return change.key.account
        return None

    def add(self, entries: Iterable[JournalEntryPosted]) -> None:
        for change in limited_changes(entries):
            self.books[change.key] += change.change_minor


def balances_below_their_floor(books: Books, limit_minor: int) -> list[BalanceKey]:
    """Those that no append may leave behind, where `available` may fall as far as `limit_minor` below zero."""
    return [
        key
        for key, balance_minor in books.items()
        if (floor_minor := account(key.account).floor_minor) is not None
        and balance_minor < (-limit_minor if key.account.endswith(":available") else floor_minor)
    ]


def books_of(payment: Payment) -> Books:
    """Every balance that `payment` alone accounts for, on the account's normal side, in minor units.

    `pending` stands for all that is the merchant's: when it became available is not the payment's to say.
    """
    match payment:
        case Authorized() | PartiallyCaptured() | Captured():
            return _books(payment)
        case Capturing(before=before) | Voiding(before=before):
            return _books(before)
        case Refunding(before=before, debit=debit):
            books = _books(before)
            if debit is not None:
                _add(books, pending(before.terms.merchant_id), -debit.total)
                _add(books, held(before.terms.merchant_id), debit.total)
            return books
        case (
            Created()
            | InReview()
            | Processing()
            | Rerouting()
            | RequiresAction()
            | Voided()
            | Expired()
            | Failed()
            | Canceled()
        ):
            return Counter()
        case _:
            assert_never(payment)


def as_payments_tell(books: Books, merchants: Iterable[MerchantId]) -> Books:
    """`books` without what no payment tells: lots, and where the merchants' money is of what is theirs."""
    told = Counter({key: minor for key, minor in books.items() if not is_lot(key.account)})
    for merchant in merchants:
        for currency in {key.currency for key in books}:
            own = BalanceKey(pending(merchant), currency)
            told[own] += told.pop(BalanceKey(available(merchant), currency), 0)
            told[own] -= told.pop(BalanceKey(owed(merchant), currency), 0)
    return told


def _books(payment: Authorized | PartiallyCaptured | Captured) -> Books:
    books: Books = Counter()
    merchant, provider = payment.terms.merchant_id, payment.authorization.provider
    if not isinstance(payment, Captured):
        _add(books, authorized(merchant), payment.capturable)
        _add(books, holds(provider), payment.capturable)
    if not isinstance(payment, Authorized):
        taken = payment.taken
        _add(books, psp_clearing(provider), taken.captured - taken.refunded)
        for dispute in taken.disputes:
            if dispute.result is DisputeResult.LOST:
                _add(books, psp_clearing(provider), -dispute.claim.disputed)
        _add_taken(books, merchant, taken)
    return books


def _add_taken(books: Books, merchant: MerchantId, taken: CapturedFunds) -> None:
    for capture in taken.captures:
        _add_proceeds(books, merchant, capture.proceeds)
    for refund in taken.refunds:
        if not refund.stands:
            continue
        _add_excess(books, merchant, refund.excess)
        _add(books, pending(merchant), -refund.debit.total)
        _add_fee(books, refund.debit)
        _add_conversion(books, refund.debit.conversion, -1)
    for dispute in taken.disputes:
        _add_dispute(books, merchant, dispute)


def _add_proceeds(books: Books, merchant: MerchantId, proceeds: Proceeds) -> None:
    _add(books, pending(merchant), proceeds.net)
    _add(books, platform_fees(), proceeds.fee)
    _add(books, held(merchant), proceeds.reserve)
    _add_conversion(books, proceeds.conversion, +1)


def _add_dispute(books: Books, merchant: MerchantId, dispute: Dispute) -> None:
    """Its fee stays with us whoever wins."""
    claim, debit = dispute.claim, dispute.debit
    _add_fee(books, debit)
    if dispute.result is DisputeResult.WON:
        _add(books, pending(merchant), debit.settled - debit.total)
        return
    _add(books, pending(merchant), -debit.total)
    is_open = dispute.result is None
    _add_excess(books, merchant, claim.excess, is_open=is_open)
    if is_open:
        _add(books, held(merchant), debit.settled)
        return
    for conversion in (claim.exchange, debit.conversion):
        _add_conversion(books, conversion, -1)


def _add_excess(books: Books, merchant: MerchantId, excess: Excess | None, *, is_open: bool = False) -> None:
    """While a dispute is open, what is beyond the budget is set aside."""
    if excess is None:
        return
    if excess.borne_by is BeyondBudget.OWED:
        _add(books, pending(merchant), -excess.settled)
    else:
        _add(books, platform_losses(), excess.settled)
    if is_open:
        aside = held(merchant) if excess.borne_by is BeyondBudget.OWED else platform_provisions()
        _add(books, aside, excess.settled)
    else:
        _add_conversion(books, excess.conversion, -1)


def _add_fee(books: Books, debit: MerchantDebit) -> None:
    _add(books, platform_fees(), debit.total - debit.settled)


def _add_conversion(books: Books, conversion: Conversion | None, sign: int) -> None:
    if conversion is None:
        return
    for code, amount in (
        (fx(conversion.amount.currency), conversion.amount),
        (fx(conversion.value.currency), -conversion.value),
        (fx_mark_up(), conversion.mark_up),
        (fx_residue(), conversion.residue),
    ):
        _add(books, code, Money(sign * amount.minor, amount.currency))


def _add(books: Books, code: AccountCode, amount: Money) -> None:
    books[BalanceKey(code, amount.currency)] += amount.minor
