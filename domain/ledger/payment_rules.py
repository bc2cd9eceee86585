"""The posting rules of payments, with one `case` for each row of the table in docs/LEDGER.md."""

from typing import assert_never

from domain.fx.conversion import Conversion
from domain.identifiers import MerchantId
from domain.ledger.accounts import (
    authorized,
    bank,
    held,
    holds,
    pending,
    platform_fees,
    psp_clearing,
    psp_fees,
)
from domain.ledger.dispute_rules import DisputeMoneyEvent, dispute_postings
from domain.ledger.moves import (
    Postings,
    bear,
    converted,
    converted_back,
    credit,
    debit,
    give_back,
    move,
    reversed_,
    take,
)
from domain.money.money import Money
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
    AuthorizationExpired,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
)
from domain.payment.proceeds import Drawn, MerchantDebit, Proceeds
from domain.payment.settlement_events import MovementSettled
from domain.terms.settlement import BeyondBudget

PaymentMoneyEvent = (
    PaymentAuthorized
    | PaymentCaptured
    | PaymentVoided
    | AuthorizationExpired
    | RefundStarted
    | PaymentRefunded
    | RefundFailed
    | RefundReversed
    | DisputeMoneyEvent
    | MovementSettled
)


def payment_postings(event: PaymentMoneyEvent) -> Postings:
    merchant = event.merchant_id
    match event:
        case PaymentAuthorized(provider=provider, amount=amount):
            return move(amount, debit=holds(provider), credit=authorized(merchant))
        case PaymentCaptured(provider=provider, amount=amount, released=released, proceeds=proceeds):
            return (
                *debit(psp_clearing(provider), amount),
                *_credited(merchant, proceeds),
                *move(amount + released, debit=authorized(merchant), credit=holds(provider)),
                *_kept_back(merchant, proceeds),
            )
        case PaymentVoided(provider=provider, released=released):
            return move(released, debit=authorized(merchant), credit=holds(provider))
        case AuthorizationExpired(provider=provider, released=released):
            return move(released, debit=authorized(merchant), credit=holds(provider))
        case RefundStarted(debit=taken):
            return () if taken is None else (*take(taken.drawn, merchant), *credit(held(merchant), taken.total))
        case PaymentRefunded(provider=provider, amount=amount, debit=taken, excess=excess, unreserved=unreserved):
            source = take(taken.drawn, merchant) if unreserved else debit(held(merchant), taken.total)
            borne = () if excess is None else (*bear(excess, merchant), *_back(excess.conversion))
            paid = credit(psp_clearing(provider), amount)
            return (*source, *borne, *_back(taken.conversion), *paid, *_fee(taken))
        case RefundFailed(returned=returned):
            return () if returned is None else _freed(merchant, returned)
        case RefundReversed():
            return _reversed(event)
        case DisputeOpened() | DisputeRaised() | DisputeReduced() | DisputeWon() | DisputeLost() | DisputeReversed():
            return dispute_postings(event)
        case MovementSettled():
            return _settled(event)
        case _:
            assert_never(event)


def _credited(merchant: MerchantId, proceeds: Proceeds) -> Postings:
    return (*_into(proceeds.conversion), *credit(pending(merchant), proceeds.gross, proceeds.due))


def _kept_back(merchant: MerchantId, proceeds: Proceeds) -> Postings:
    """The postings of fees and reserve out of the pending account."""
    return (
        *debit(pending(merchant), proceeds.fee, proceeds.due),
        *credit(platform_fees(), proceeds.fee),
        *debit(pending(merchant), proceeds.reserve, proceeds.due),
        *credit(held(merchant), proceeds.reserve, proceeds.reserve_due),
    )


def _freed(merchant: MerchantId, returned: Drawn) -> Postings:
    return (*debit(held(merchant), returned.total), *give_back(returned, merchant))


def _reversed(event: RefundReversed) -> Postings:
    """The postings that give the merchant's part back to the merchant, and our part beyond the budget back to us."""
    taken, excess = event.debit, event.excess
    fee = () if taken.fee is None else debit(platform_fees(), taken.fee.amount)
    ours = () if excess is None or excess.borne_by is not BeyondBudget.LOSSES else bear(excess, event.merchant_id)
    return (
        *debit(psp_clearing(event.provider), event.amount),
        *_into(taken.conversion),
        *(() if excess is None else _into(excess.conversion)),
        *fee,
        *reversed_(ours),
        *give_back(event.returned, event.merchant_id),
    )


def _into(conversion: Conversion | None) -> Postings:
    return () if conversion is None else converted(conversion)


def _back(conversion: Conversion | None) -> Postings:
    return () if conversion is None else converted_back(conversion)


def _fee(taken: MerchantDebit) -> Postings:
    return () if taken.fee is None else credit(platform_fees(), taken.fee.amount)


def _settled(event: MovementSettled) -> Postings:
    cost = Money(event.cost.total_minor, event.gross.currency)
    paid = (
        *debit(bank(event.bank), event.gross - cost),
        *debit(psp_fees(event.provider), cost),
        *credit(psp_clearing(event.provider), event.gross),
    )
    if event.drawn is None:
        return paid
    if event.true_up.minor < 0:
        return (*paid, *debit(platform_fees(), -event.true_up), *give_back(event.drawn, event.merchant_id))
    return (*paid, *take(event.drawn, event.merchant_id), *credit(platform_fees(), event.true_up))
