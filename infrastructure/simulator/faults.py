"""Faults of this provider last for a while, come from one seeded generator, and never damage the books."""

import random
import time
from typing import Annotated

from msgspec import Meta, Struct

Percent = Annotated[float, Meta(ge=0, le=100)]
Seconds = Annotated[float, Meta(ge=0, le=600)]


class WebhookFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of webhooks; `delay_s_max` bounds a random delay of each notice, so that notices overtake each other.

    While `muted` is set, all notices wait; a dropped notice is never sent.
    """

    duplicate_percent: Percent = 0
    delay_s_max: Seconds = 0
    drop_percent: Percent = 0
    muted: bool = False


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults of requests and answers.

    With `down`, or for `down_for_s` from now, the connection of every request breaks before any effect. Of the other
    faults at most one affects a request: an `error_5xx` (with a durable effect in half of the cases, else none), a lost
    answer (its effect durable), a slow answer (`slow_s` after its effect). `decline_percent` of the charges that would
    have been approved are declined as `try_again_later`.
    """

    seed: int = 0
    down: bool = False
    down_for_s: Seconds = 0
    error_5xx_percent: Percent = 0
    lost_answer_percent: Percent = 0
    slow_percent: Percent = 0
    slow_s: Seconds = 1.0
    decline_percent: Percent = 0
    webhooks: WebhookFaults = WebhookFaults()


class Dice:
    """The faults, and their random draws; with equal seeds, equal draws come in the same order."""

    def __init__(self) -> None:
        self.replace(Faults())

    def replace(self, faults: Faults) -> None:
        """Set the faults from now on, and restart their generator."""
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - the run must be repeatable
        self._down_until = time.monotonic() + faults.down_for_s

    @property
    def down(self) -> bool:
        return self.faults.down or time.monotonic() < self._down_until

    def hits(self, percent: float) -> bool:
        """True for `percent` of the calls; a percentage of 0 draws no number."""
        return percent > 0 and self._random.random() * 100 < percent

    def up_to(self, seconds_max: float) -> float:
        """A random time of at most `seconds_max`."""
        return self._random.random() * seconds_max if seconds_max > 0 else 0.0
