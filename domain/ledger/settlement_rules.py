"""The posting rules of settlement items that are no movements, which never post to a merchant."""

from typing import assert_never

from domain.ledger.accounts import bank, psp_fees, psp_reserve, suspense
from domain.ledger.moves import Postings, credit, debit
from domain.money.money import Money
from domain.settlement.events import ItemKind, SettlementItemBooked


def settlement_postings(event: SettlementItemBooked) -> Postings:
    """The postings of an item, whose net was paid to our bank account, or by it."""
    gross, cost = event.gross, Money(event.cost.total_minor, event.gross.currency)
    paid = debit(bank(event.bank), event.net)
    match event.kind:
        case ItemKind.FEE | ItemKind.DISPUTE_FEE:
            return (*paid, *credit(psp_fees(event.provider), event.net))
        case ItemKind.RESERVE:
            account = psp_reserve(event.provider)
        case ItemKind.ADJUSTMENT:
            account = suspense(event.provider)
        case _:
            assert_never(event.kind)
    return (*paid, *debit(psp_fees(event.provider), cost), *credit(account, gross))
