"""The posting rules of payouts."""

from typing import assert_never

from domain.ledger.accounts import available, bank, in_transit
from domain.ledger.moves import Postings, move
from domain.payout.events import PayoutCanceled, PayoutCreated, PayoutFailed, PayoutPaid, PayoutReturned

PayoutMoneyEvent = PayoutCreated | PayoutCanceled | PayoutPaid | PayoutFailed | PayoutReturned


def payout_postings(event: PayoutMoneyEvent) -> Postings:
    merchant, amount = event.merchant_id, event.amount
    match event:
        case PayoutCreated():
            return move(amount, debit=available(merchant), credit=in_transit(merchant))
        case PayoutCanceled() | PayoutFailed():
            return move(amount, debit=in_transit(merchant), credit=available(merchant))
        case PayoutPaid(bank=name):
            return move(amount, debit=in_transit(merchant), credit=bank(name))
        case PayoutReturned(bank=name):
            return move(amount, debit=bank(name), credit=available(merchant))
        case _:
            assert_never(event)
