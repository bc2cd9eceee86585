"""The posting rules make the journal entry that an event causes, of which most events cause none."""

from typing import assert_never
from uuid import UUID

from domain.event import Event, name_of
from domain.identifiers import PaymentId
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.ledger.payment_rules import PaymentMoneyEvent, payment_postings
from domain.ledger.payout_rules import PayoutMoneyEvent, payout_postings
from domain.ledger.release_rules import release_postings
from domain.ledger.settlement_rules import settlement_postings
from domain.release.events import FundsReleased
from domain.settlement.events import SettlementItemBooked

MoneyEvent = PaymentMoneyEvent | PayoutMoneyEvent | FundsReleased | SettlementItemBooked


def entry_for(stream_id: UUID, version: int, event: Event) -> JournalEntryPosted | None:
    """The entry that `event`, the `version`th of its stream, causes; None when it moves no money."""
    if not isinstance(event, MoneyEvent):
        return None
    postings = _postings(event)
    if not postings:
        return None
    return JournalEntryPosted(
        cause_id=stream_id,
        payment_id=PaymentId(stream_id) if isinstance(event, PaymentMoneyEvent) else None,
        merchant_id=event.merchant_id,
        cause=name_of(event),
        cause_version=version,
        postings=postings,
    )


def _postings(event: MoneyEvent) -> tuple[Posting, ...]:
    match event:
        case FundsReleased():
            return release_postings(event)
        case SettlementItemBooked():
            return settlement_postings(event)
        case _ if isinstance(event, PaymentMoneyEvent):
            return payment_postings(event)
        case _ if isinstance(event, PayoutMoneyEvent):
            return payout_postings(event)
        case _:
            assert_never(event)
