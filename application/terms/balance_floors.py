"""Refunds and providers' debits may take a merchant's available balance down to the agreed limit, and a payout never
below zero."""

from collections.abc import Iterable, Mapping

from domain.event import Event
from domain.ledger.accounts import available
from domain.ledger.balances import BalanceKey
from domain.payment.dispute_events import DisputeOpened, DisputeRaised
from domain.payment.events import PaymentRefunded, RefundStarted
from domain.payment.settlement_events import MovementSettled
from domain.terms.settlement import SettlementRule


def floors_for(events: Iterable[Event], rule: SettlementRule) -> Mapping[BalanceKey, int]:
    """The value of `Append.floors` for `events` of a merchant with this rule."""
    floors = {}
    for event in events:
        match event:
            case RefundStarted(debit=debit) if debit is not None:
                currency = debit.settled.currency
            case DisputeOpened(claim=claim) | DisputeRaised(claim=claim):
                currency = claim.debit.settled.currency
            case PaymentRefunded(debit=debit, unreserved=True):
                currency = debit.settled.currency
            case MovementSettled(true_up=true_up):
                currency = true_up.currency
            case _:
                continue
        floors[BalanceKey(available(event.merchant_id), currency)] = -rule.limit_for(currency)
    return floors
