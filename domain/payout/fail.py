"""A payout that the bank never executes gives its money back, because no file carries it or the bank refused it."""

from typing import Final, assert_never

from domain.payout.events import PayoutEvent, PayoutFailed
from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent

NARRATIVE: Final = "NARR"
"""ISO 20022's code for a reason that is told in words."""


def fail(payout: Payout, reason: str, code: str = NARRATIVE) -> tuple[PayoutEvent, ...]:
    """End the payout as failed; no event where it has ended, or is held."""
    match payout:
        case Ready() | Batched() | Sent():
            order = payout.order
            return (PayoutFailed(merchant_id=order.merchant_id, amount=order.amount, code=code, reason=reason),)
        case Held() | Paid() | Returned() | Failed() | Canceled():
            return ()
        case _:
            assert_never(payout)
