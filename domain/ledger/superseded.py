"""Journal entries as earlier versions wrote them."""

from domain.event import Event
from domain.identifiers import MerchantId, PaymentId
from domain.ledger.entry import JournalEntryPosted, Posting


class JournalEntryPostedV1(Event, frozen=True, kw_only=True, tag="journal.entry_posted.v1"):
    """Only payments caused entries."""

    payment_id: PaymentId
    merchant_id: MerchantId
    cause: str
    cause_version: int
    postings: tuple[Posting, ...]

    def upcast(self) -> JournalEntryPosted:
        return JournalEntryPosted(
            cause_id=self.payment_id,
            payment_id=self.payment_id,
            merchant_id=self.merchant_id,
            cause=self.cause,
            cause_version=self.cause_version,
            postings=self.postings,
        )
