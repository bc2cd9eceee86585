"""What goes wrong at this provider for a while, drawn from one seeded generator; and never in the books."""

import random
import time
from typing import Annotated

from msgspec import Meta, Struct

Percent = Annotated[float, Meta(ge=0, le=100)]
Seconds = Annotated[float, Meta(ge=0, le=600)]


class WebhookFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`delay_s_max` bounds a random delay of each notice, so that they overtake each other. `muted` keeps notices
    waiting until it is over; one that is dropped is never sent at all."""

    duplicate_percent: Percent = 0
    delay_s_max: Seconds = 0
    drop_percent: Percent = 0
    muted: bool = False


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`down`, or `down_for_s` from now: every request's connection breaks before anything takes effect.

    Of the others at most one meets a request: an `error_5xx` (its effect durable or not, half each), a lost answer (its
    effect durable), a slow one (`slow_s` behind its effect). `decline_percent` of the charges that would have been
    approved are declined as `try_again_later`.
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
    """Faults, and what they do next. In a run of the same seed the same draws come in the same order."""

    def __init__(self) -> None:
        self.replace(Faults())

    def replace(self, faults: Faults) -> None:
        """These faults from now on, their generator at its start."""
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - a repeatable run is what it is for
        self._down_until = time.monotonic() + faults.down_for_s

    @property
    def down(self) -> bool:
        return self.faults.down or time.monotonic() < self._down_until

    def hits(self, percent: float) -> bool:
        """True for `percent` of the calls; draws nothing where there is nothing to draw."""
        return percent > 0 and self._random.random() * 100 < percent

    def up_to(self, seconds_max: float) -> float:
        """Some time of at most `seconds_max`."""
        return self._random.random() * seconds_max if seconds_max > 0 else 0.0
