"""A payout that the bank will never execute gives its money back: no file carries it, or the bank refused the file."""

from typing import Final, assert_never

from domain.payout.events import PayoutEvent, PayoutFailed
from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent

NARRATIVE: Final = "NARR"
"""ISO 20022's code for a reason that is told in words."""


def fail(payout: Payout, reason: str, code: str = NARRATIVE) -> tuple[PayoutEvent, ...]:
    """Nothing where it has ended, or waits for somebody."""
    match payout:
        case Ready() | Batched() | Sent():
            order = payout.order
            return (PayoutFailed(merchant_id=order.merchant_id, amount=order.amount, code=code, reason=reason),)
        case Held() | Paid() | Returned() | Failed() | Canceled():
            return ()
        case _:
            assert_never(payout)
