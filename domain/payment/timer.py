"""A payment waits for two times: the end of its authorisation, and the end of its customer's time to act."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FIRST_LOOK: Final = timedelta(seconds=30)
LOOKS_APART_MAX: Final = timedelta(hours=1)


class TimerKind(StrEnum):
    AUTHORIZATION = "authorization"
    """It runs out."""
    CUSTOMER_ACTION = "customer_action"
    """The provider is asked whether the customer has acted, and when the time is over, to let go."""


def next_look(*, asked_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """When to ask the provider for what a customer has done, in case its webhook was lost: the longer it takes, the
    less often, and at last when the time is over.

    `now` is `asked_at` for the first time; the pauses double from `FIRST_LOOK` up to `LOOKS_APART_MAX`.
    """
    pause = min(max(now - asked_at, FIRST_LOOK), LOOKS_APART_MAX)
    return min(now + pause, expires_at)
