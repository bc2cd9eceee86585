"""Commits keep a distance that grows with the load: none for entries that come one by one."""

import math
from typing import Final

DISTANCE_S_MAX: Final = 0.010
FULL_LOAD_PER_S: Final = 400
"""The entries a second from which the distance is the longest."""
_REMEMBERED_S: Final = 0.5
"""The time in which the load of the past loses weight."""


class Pace:
    """The moments of a writer's commits, by a clock that never goes back."""

    def __init__(self) -> None:
        self._begun_at = -math.inf
        self._load_per_s = 0.0

    def pause_s(self, now: float) -> float:
        """How long the next commit waits for further entries; 0 or less for none."""
        distance_s = DISTANCE_S_MAX * min(1.0, self._load_per_s / FULL_LOAD_PER_S)
        return self._begun_at + distance_s - now

    def begin(self, now: float, *, entries: int) -> None:
        """A commit of so many entries begins."""
        remembered = math.exp((self._begun_at - now) / _REMEMBERED_S)
        self._load_per_s = self._load_per_s * remembered + entries / _REMEMBERED_S
        self._begun_at = now
