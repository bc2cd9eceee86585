"""The posting rule of released funds, by which a whole lot leaves `pending`, or the reserve, on its day."""

from domain.ledger.accounts import available, held, owed, pending
from domain.ledger.moves import Postings, credit, debit
from domain.release.events import Bucket, FundsReleased


def release_postings(event: FundsReleased) -> Postings:
    merchant = event.merchant_id
    source = pending(merchant) if event.bucket is Bucket.PENDING else held(merchant)
    return (
        *debit(source, event.amount, event.due),
        *credit(owed(merchant), event.collected),
        *credit(available(merchant), event.amount - event.collected),
    )
