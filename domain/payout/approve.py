"""A held payout may be sent once an operator has approved it."""

from typing import assert_never

from domain.payout.events import PayoutApproved, PayoutEvent
from domain.payout.refusals import PayoutNotHeld
from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent
from domain.payout.status import status_of


def approve(payout: Payout) -> tuple[PayoutEvent, ...]:
    """Approve a held payout; no event where the payout is ready already. Raises PayoutNotHeld."""
    match payout:
        case Held():
            return (PayoutApproved(),)
        case Ready():
            return ()
        case Batched() | Sent() | Paid() | Returned() | Failed() | Canceled():
            raise PayoutNotHeld(status=status_of(payout))
        case _:
            assert_never(payout)
