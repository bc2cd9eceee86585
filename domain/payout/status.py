"""The status of a payout that merchants see, in the words that Stripe and Adyen have made common."""

from enum import StrEnum
from typing import assert_never

from domain.payout.state import Batched, Canceled, Failed, Held, Paid, Payout, Ready, Returned, Sent


class PayoutStatus(StrEnum):
    """`held` and `pending` can be canceled. `in_transit` is in a file to the bank. `paid` may yet become `returned`."""

    HELD = "held"
    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELED = "canceled"


def status_of(payout: Payout) -> PayoutStatus:
    match payout:
        case Held():
            return PayoutStatus.HELD
        case Ready():
            return PayoutStatus.PENDING
        case Batched() | Sent():
            # Nobody but us can tell the two apart, and neither can be canceled.
            return PayoutStatus.IN_TRANSIT
        case Paid():
            return PayoutStatus.PAID
        case Returned():
            return PayoutStatus.RETURNED
        case Failed():
            return PayoutStatus.FAILED
        case Canceled():
            return PayoutStatus.CANCELED
        case _:
            assert_never(payout)
