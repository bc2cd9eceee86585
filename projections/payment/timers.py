"""The timer of a payment that waits for its customer or for its capture: two columns of the view payment_status."""

from datetime import datetime
from typing import NamedTuple

from domain.history import Positioned
from domain.payment.events import (
    AuthorizationExpired,
    PaymentActionRequired,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentFailed,
    PaymentVoided,
)
from domain.payment.timer import TimerKind, next_look


class Timer(NamedTuple):
    """Both are None while the payment waits for nothing. For a customer, `due_at` is the time of the first query."""

    kind: TimerKind | None
    due_at: datetime | None


NOTHING = Timer(None, None)


def timer_after(before: Timer, positioned: Positioned) -> Timer:
    """The timer of a payment after one of its events."""
    asked_at = positioned.event.recorded_at
    match positioned.event.data:
        case PaymentCaptured(final=False):
            return before
        case PaymentAuthorized(expires_at=expires_at):
            return Timer(TimerKind.AUTHORIZATION, expires_at)
        case PaymentActionRequired(expires_at=expires_at):
            return Timer(TimerKind.CUSTOMER_ACTION, next_look(asked_at=asked_at, expires_at=expires_at, now=asked_at))
        case PaymentCaptured() | PaymentVoided() | AuthorizationExpired() | PaymentFailed() | PaymentCanceled():
            return NOTHING
        case _:
            return before
