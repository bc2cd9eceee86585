"""Pauses between attempts double up to a bound, and are spread so that items that failed together are retried apart."""

from datetime import timedelta

from msgspec import Struct

LONGEST_S = 60.0
"""The longest pause of any queue: an item due further ahead was put off by a wrong clock, and is due now."""
DOUBLINGS_MAX = 32
"""More doublings exceed every bound, and in the end the range of a float."""


class Backoff(Struct, frozen=True, kw_only=True):
    """The first pause is `first_s`, the longest `longest_s`, in seconds."""

    first_s: float
    longest_s: float

    def pause(self, tries: int, spread: float) -> timedelta:
        """The pause after attempt number `tries`, counted from 1; `spread`, from 0 to 1, shortens the pause by up to
        half."""
        whole_s = min(self.first_s * 2 ** min(tries - 1, DOUBLINGS_MAX), self.longest_s)
        return timedelta(seconds=whole_s * (1 - spread / 2))

    @property
    def longest(self) -> timedelta:
        return timedelta(seconds=self.longest_s)
