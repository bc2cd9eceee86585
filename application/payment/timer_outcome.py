"""What comes of firing a timer."""

from datetime import datetime

from msgspec import Struct


class Fired(Struct, frozen=True):
    """It took effect."""


class NothingToDo(Struct, frozen=True):
    """What it waited for is over: it fired before, or the payment has moved on."""


class Waits(Struct, frozen=True):
    """It is not time yet, and no failure."""

    until: datetime


class Failed(Struct, frozen=True):
    """It is time, and could not be done for now."""

    reason: str


TimerOutcome = Fired | NothingToDo | Waits | Failed
