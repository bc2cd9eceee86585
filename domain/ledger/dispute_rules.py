"""The posting rules of chargebacks: until the bank has ruled, what the merchant's accounts carry is set aside in
`held`, what we carry ourselves in `platform:provisions`."""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from domain.fx.conversion import Conversion
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode, held, platform_fees, platform_losses, platform_provisions, psp_clearing
from domain.ledger.moves import Postings, bear, converted, credit, debit, give_back, move, reversed_, take
from domain.money.money import Money
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.proceeds import Drawn, Excess
from domain.terms.settlement import BeyondBudget

DisputeMoneyEvent = DisputeOpened | DisputeRaised | DisputeReduced | DisputeWon | DisputeLost | DisputeReversed


def dispute_postings(event: DisputeMoneyEvent) -> Postings:
    merchant = event.merchant_id
    match event:
        case DisputeOpened(claim=claim):
            taken = claim.debit
            fee = () if taken.fee is None else credit(platform_fees(), taken.fee.amount)
            set_aside = (*take(taken.drawn, merchant), *credit(held(merchant), taken.settled), *fee)
            return (*set_aside, *_borne(claim.excess, None, merchant))
        case DisputeRaised(claim=claim, drawn=drawn, excess=excess):
            set_aside = (*take(drawn, merchant), *credit(held(merchant), drawn.total))
            return (*set_aside, *_borne(claim.excess, excess, merchant))
        case (
            DisputeReduced(returned=returned, recovered=recovered) | DisputeWon(returned=returned, recovered=recovered)
        ):
            return _freed(returned, recovered, merchant)
        case DisputeLost(provider=provider, disputed=disputed, settled=settled, excess=excess):
            gone = debit(held(merchant), settled) if excess is None else _gone(settled, excess, merchant)
            back = reversed_(_converted(event.conversion, excess, event.exchange))
            return (*gone, *back, *credit(psp_clearing(provider), disputed))
        case DisputeReversed(provider=provider, disputed=disputed, returned=returned, recovered=recovered):
            into = _converted(event.conversion, event.excess, event.exchange)
            ours = credit(platform_losses(), recovered)
            return (*debit(psp_clearing(provider), disputed), *into, *give_back(returned, merchant), *ours)
        case _:
            assert_never(event)


def _borne(excess: Excess | None, more: Money | None, merchant: MerchantId) -> Postings:
    """The postings by which all of the excess, or the part `more` of it, is borne and set aside."""
    if excess is None:
        return ()
    borne = excess if more is None else replace(excess, settled=more)
    return (*bear(borne, merchant), *credit(_aside(excess, merchant), borne.settled))


def _aside(excess: Excess, merchant: MerchantId) -> AccountCode:
    return held(merchant) if excess.borne_by is BeyondBudget.OWED else platform_provisions()


def _gone(settled: Money, excess: Excess, merchant: MerchantId) -> Postings:
    if excess.borne_by is BeyondBudget.OWED:
        return debit(held(merchant), settled + excess.settled)
    return (*debit(held(merchant), settled), *debit(platform_provisions(), excess.settled))


def _freed(returned: Drawn, recovered: Money, merchant: MerchantId) -> Postings:
    back = (*debit(held(merchant), returned.total), *give_back(returned, merchant))
    return (*back, *move(recovered, debit=platform_provisions(), credit=platform_losses()))


def _converted(conversion: Conversion | None, excess: Excess | None, exchange: Conversion | None) -> Postings:
    """The postings from the bank's currency into the payment's, and from that into the merchant's."""
    steps: Iterable[Conversion | None] = (exchange, conversion, None if excess is None else excess.conversion)
    return tuple(posting for each in steps if each is not None for posting in converted(each))
