"""Somebody has looked at a payout, and it may be sent."""

from typing import assert_never

from domain.payout.events import PayoutApproved, PayoutEvent
from domain.payout.refusals import PayoutNotHeld
from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent
from domain.payout.status import status_of


def approve(payout: Payout) -> tuple[PayoutEvent, ...]:
    """Nothing where it waits for the next file already: this may be said twice. Raises PayoutNotHeld."""
    match payout:
        case Held():
            return (PayoutApproved(),)
        case Ready():
            return ()
        case Batched() | Sent() | Paid() | Returned() | Failed() | Canceled():
            raise PayoutNotHeld(status=status_of(payout))
        case _:
            assert_never(payout)
