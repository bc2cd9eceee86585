"""A channel on which the database tells workers that an item of a queue has come due without an event of the store."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from application.work.wakeups import Wakeups

CHANNEL: Final = "queued"


class Queue(StrEnum):
    """The payload of a notification."""

    DELIVERIES = "deliveries"
    OPERATIONS = "operations"
    TIMERS = "timers"


QueueWakeups = Mapping[Queue, Wakeups]


def queue_wakeups() -> QueueWakeups:
    return {queue: Wakeups() for queue in Queue}
