"""The posting rules of payments: one `case` a row of the table in docs/LEDGER.md."""

from typing import assert_never

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
from domain.ledger.moves import Postings, converted, converted_back, credit, debit, give_back, move, take
from domain.money import Money
from domain.payment.events import (
    AuthorizationExpired,
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
    MovementSettled,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundStarted,
)
from domain.payment.proceeds import Drawn, MerchantDebit, Proceeds

PaymentMoneyEvent = (
    PaymentAuthorized
    | PaymentCaptured
    | PaymentVoided
    | AuthorizationExpired
    | RefundStarted
    | PaymentRefunded
    | RefundFailed
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
        case PaymentRefunded(provider=provider, amount=amount, debit=taken, unreserved=unreserved):
            source = take(taken.drawn, merchant) if unreserved else debit(held(merchant), taken.total)
            return (*source, *_through_fx(taken, credit(psp_clearing(provider), amount)), *_fee(taken))
        case RefundFailed(returned=returned):
            return () if returned is None else _freed(merchant, returned)
        case DisputeOpened() | DisputeRaised() | DisputeReduced() | DisputeWon() | DisputeLost() | DisputeReversed():
            return dispute_postings(event)
        case MovementSettled():
            return _settled(event)
        case _:
            assert_never(event)


def _credited(merchant: MerchantId, proceeds: Proceeds) -> Postings:
    into = () if proceeds.conversion is None else converted(proceeds.conversion)
    return (*into, *credit(pending(merchant), proceeds.gross, proceeds.due))


def _kept_back(merchant: MerchantId, proceeds: Proceeds) -> Postings:
    """Fees and reserve, out of what is pending."""
    return (
        *debit(pending(merchant), proceeds.fee, proceeds.due),
        *credit(platform_fees(), proceeds.fee),
        *debit(pending(merchant), proceeds.reserve, proceeds.due),
        *credit(held(merchant), proceeds.reserve, proceeds.reserve_due),
    )


def _freed(merchant: MerchantId, returned: Drawn) -> Postings:
    return (*debit(held(merchant), returned.total), *give_back(returned, merchant))


def _through_fx(taken: MerchantDebit, paid: Postings) -> Postings:
    return (*(() if taken.conversion is None else converted_back(taken.conversion)), *paid)


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
