"""A payout can be canceled until it is in a file, which the bank may have."""

from typing import assert_never

from domain.card_data import require_no_card_number
from domain.payout.events import PayoutCanceled, PayoutEvent
from domain.payout.refusals import PayoutNotCancelable
from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent
from domain.payout.status import status_of


def cancel(payout: Payout, reason: str) -> tuple[PayoutEvent, ...]:
    """Cancel the payout; no event where it is canceled already. Raises PayoutNotCancelable, CardDataRefused."""
    match payout:
        case Held() | Ready():
            require_no_card_number("reason", reason)
            order = payout.order
            return (PayoutCanceled(merchant_id=order.merchant_id, amount=order.amount, reason=reason),)
        case Canceled():
            return ()
        case Batched() | Sent() | Paid() | Returned() | Failed():
            raise PayoutNotCancelable(status=status_of(payout))
        case _:
            assert_never(payout)
