"""The outcomes of firing a timer."""

from datetime import datetime

from msgspec import Struct


class Fired(Struct, frozen=True):
    """The timer took effect."""


class NothingToDo(Struct, frozen=True):
    """The timer has no purpose any more: it fired before, or the payment has moved on."""


class Waits(Struct, frozen=True):
    """The timer is not due yet, which is no failure."""

    until: datetime


class Failed(Struct, frozen=True):
    """The timer is due, and could not take effect for now."""

    reason: str


TimerOutcome = Fired | NothingToDo | Waits | Failed
