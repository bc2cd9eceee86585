"""How long to wait before the next try: pauses that double up to a bound, spread so that those who failed together
do not come back together."""

from datetime import timedelta

from msgspec import Struct

LONGEST_S = 60.0
"""No pause is longer: what is due further ahead was put off by a clock that was wrong, and is due now."""
DOUBLINGS_MAX = 32
"""More are past every bound, and past what a float holds some time later."""


class Backoff(Struct, frozen=True, kw_only=True):
    """The first pause is `first_s`, the longest `longest_s`."""

    first_s: float
    longest_s: float

    def pause(self, tries: int, spread: float) -> timedelta:
        """After the `tries`th try, of which the first is 1; `spread`, from 0 to 1, takes up to half of it off."""
        whole_s = min(self.first_s * 2 ** min(tries - 1, DOUBLINGS_MAX), self.longest_s)
        return timedelta(seconds=whole_s * (1 - spread / 2))

    @property
    def longest(self) -> timedelta:
        return timedelta(seconds=self.longest_s)
