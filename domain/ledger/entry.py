"""A journal entry cannot be built unless its debits equal its credits in each currency."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import Struct

from domain.event import Event
from domain.identifiers import EntryId, MerchantId, PaymentId
from domain.ledger.accounts import AccountCode, Side, account
from domain.money.money import Money


class Unbalanced(ValueError):
    """The postings' debits and credits differ, or there are none."""


class Posting(Struct, frozen=True, omit_defaults=True):
    """One line of an entry. `amount` is positive; `side` says which way it goes. `due` names the lot of the account:
    the money becomes available to the merchant then, in UTC."""

    account: AccountCode
    side: Side
    amount: Money
    due: datetime | None = None

    @property
    def change_minor(self) -> int:
        """The change of the account's balance, counted on the account's normal side."""
        return self.amount.minor if self.side is account(self.account).normal else -self.amount.minor

    @property
    def signed_minor(self) -> int:
        """Debits count up and credits down: what a trial balance adds."""
        return self.amount.minor if self.side is Side.DEBIT else -self.amount.minor


class JournalEntryPosted(Event, frozen=True, kw_only=True, tag="journal.entry_posted.v2"):
    """The only event of its stream, appended in one transaction with its cause: event `cause_version` of `cause_id`.

    `payment_id` is the payment concerned; None where the entry concerns several payments, or none.
    """

    cause_id: UUID
    payment_id: PaymentId | None
    merchant_id: MerchantId
    cause: str
    cause_version: int
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if not self.postings:
            raise Unbalanced("an entry without postings")
        for currency, surplus in imbalance(self.postings).items():
            if surplus:
                raise Unbalanced(f"debits exceed credits by {surplus} minor units of {currency}")
        for posting in self.postings:
            if posting.amount.minor <= 0:
                raise Unbalanced(f"a posting needs a positive amount: {posting}")


LedgerEvent = JournalEntryPosted


def entry_id_for(cause_id: UUID, cause_version: int) -> EntryId:
    """The stream of the entry that event `cause_version` of a stream causes.

    Derived, so that one cause can never be posted twice, and an entry is found from its payment without an index.
    """
    return EntryId(uuid5(cause_id, f"journal-entry-{cause_version}"))


def imbalance(postings: Iterable[Posting]) -> dict[str, int]:
    """Debits less credits in each currency, in minor units: zero everywhere, for books that balance."""
    totals: dict[str, int] = {}
    for posting in postings:
        currency = posting.amount.currency
        totals[currency] = totals.get(currency, 0) + posting.signed_minor
    return totals
