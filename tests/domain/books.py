"""What the books have to say about a payment, told from where it stands and never from its entries.

The posting rules go event by event; this goes by state alone. Two ways to the same sums: the machines compare them.
"""

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from domain.identifiers import PaymentId
from domain.ledger.accounts import AccountCode, account, authorized, held, holds, pending, platform_fees, psp_clearing
from domain.ledger.balances import BalanceKey
from domain.ledger.entry import JournalEntryPosted
from domain.ledger.rules import entry_for
from domain.money import Money, zero
from domain.payment.events import PaymentEvent
from domain.payment.state import (
    Authorized,
    Captured,
    Capturing,
    Created,
    Disputed,
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

Books = Counter[BalanceKey]


def entries_of(payment_id: PaymentId, events: Iterable[PaymentEvent]) -> list[JournalEntryPosted]:
    """The entries that a payment's whole history caused."""
    entries = (entry_for(payment_id, version, event) for version, event in enumerate(events, start=1))
    return [entry for entry in entries if entry is not None]


def books_of(payment: Payment) -> Books:
    """Every balance that `payment` alone accounts for, on the account's normal side, in minor units."""
    match payment:
        case Authorized() | PartiallyCaptured() | Captured():
            return _books(payment)
        case Capturing(before=before) | Voiding(before=before) | Refunding(before=before):
            return _books(before)
        case Disputed(before=before, amount=amount):
            return _books(before, frozen=amount)
        case Created() | InReview() | Processing() | Rerouting() | RequiresAction() | Voided() | Expired() | Failed():
            return Counter()
        case _:
            assert_never(payment)


def balances_below_their_floor(books: Books) -> list[BalanceKey]:
    """Those that no append may leave behind."""
    return [
        key
        for key, balance_minor in books.items()
        if (floor_minor := account(key.account).floor_minor) is not None and balance_minor < floor_minor
    ]


def _books(payment: Authorized | PartiallyCaptured | Captured, frozen: Money | None = None) -> Books:
    merchant, provider = payment.terms.merchant_id, payment.authorization.provider
    nothing = zero(payment.terms.amount.currency)
    balances: dict[AccountCode, Money] = {}
    if not isinstance(payment, Captured):
        balances |= {authorized(merchant): payment.capturable, holds(provider): payment.capturable}
    if not isinstance(payment, Authorized):
        taken = payment.taken
        with_provider = taken.captured - taken.refunded - taken.charged_back
        fees = sum((capture.fee for capture in taken.captures), start=nothing)
        balances |= {
            psp_clearing(provider): with_provider,
            platform_fees(): fees,
            held(merchant): frozen or nothing,
            pending(merchant): with_provider - fees - (frozen or nothing),
        }
    return Counter({BalanceKey(code, amount.currency): amount.minor for code, amount in balances.items()})
