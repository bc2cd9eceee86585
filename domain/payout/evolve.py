"""How each event leads from one stage of a payout to the next. Refuses nothing: rules live in decisions."""

from collections.abc import Iterable
from typing import assert_never

from domain.payout.events import (
    PayoutApproved,
    PayoutBatched,
    PayoutCanceled,
    PayoutCreated,
    PayoutEvent,
    PayoutFailed,
    PayoutHeld,
    PayoutPaid,
    PayoutReturned,
    PayoutSent,
)
from domain.payout.state import Batched, Canceled, Failed, Held, Order, Paid, Payout, Place, Ready, Returned, Sent


def evolve(payout: Payout | None, event: PayoutEvent) -> Payout:
    """The payout after `event`."""
    if isinstance(event, PayoutCreated):
        return Ready(
            Order(
                merchant_id=event.merchant_id,
                amount=event.amount,
                bank_account_id=event.bank_account_id,
                trigger=event.trigger,
                description=event.description,
            )
        )
    assert payout is not None, "a payout begins with being created"
    order = payout.order
    match event:
        case PayoutHeld(reason=reason):
            return Held(order, reason)
        case PayoutApproved():
            return Ready(order)
        case PayoutCanceled(reason=reason):
            return Canceled(order, reason)
        case PayoutBatched():
            place = Place(
                batch_id=event.batch_id, end_to_end_id=event.end_to_end_id, execution_date=event.execution_date
            )
            return Batched(order, place)
        case PayoutSent():
            return Sent(order, _place_in(payout))
        case PayoutPaid():
            return Paid(order, _place_in(payout))
        case PayoutFailed(code=code, reason=reason):
            return Failed(order, place_of(payout), code, reason)
        case PayoutReturned(code=code, reason=reason):
            return Returned(order, _place_in(payout), code, reason)
        case _:
            assert_never(event)


def fold(events: Iterable[PayoutEvent]) -> Payout | None:
    """The payout as its events make it; None when there are none."""
    payout: Payout | None = None
    for event in events:
        payout = evolve(payout, event)
    return payout


def place_of(payout: Payout) -> Place | None:
    """The payout's place in a file; None where it is in no file."""
    match payout:
        case Held() | Ready() | Canceled():
            return None
        case Batched() | Sent() | Paid() | Returned() | Failed():
            return payout.place
        case _:
            assert_never(payout)


def _place_in(payout: Payout) -> Place:
    place = place_of(payout)
    assert place is not None, "what the bank says is of a payout in a file"
    return place
