"""The clock of the database, shared by all machines, is read at intervals and extrapolated in between."""

# A machine's own clock may be wrong by a day, or be set while the process runs: due work could wait for ever, and
# machines would disagree on due times. A call of `now` does not query the database.

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg

_NOW = "SELECT clock_timestamp()"
DRIFT: Final = 2e-4
"""The greatest difference in rate between two clocks that nobody sets, as a share of the elapsed time."""


def _counted_s() -> float:
    """Seconds since a fixed moment, by a clock that nobody sets; includes a machine's sleep where the system has such a
    clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _machines_time() -> datetime:
    return datetime.now(UTC)


class _Reading(NamedTuple):
    """The database's clock showed `time` at `at_s` of the monotonic clock, within an error of `within_s` seconds, half
    of the query's duration."""

    time: datetime
    at_s: float
    within_s: float

    def time_at(self, at_s: float) -> datetime:
        return self.time + timedelta(seconds=at_s - self.at_s)

    def within_s_at(self, at_s: float) -> float:
        return self.within_s + DRIFT * (at_s - self.at_s)


class DatabaseClock:
    """The database's time; the machine's own time until the first reading."""

    def __init__(
        self, *, machines_time: Callable[[], datetime] = _machines_time, counted_s: Callable[[], float] = _counted_s
    ) -> None:
        self._machines_time = machines_time
        self._counted_s = counted_s
        self._reading: _Reading | None = None

    def now(self) -> datetime:
        reading = self._reading
        if reading is None:
            return self._machines_time()
        return reading.time_at(self._counted_s())

    @property
    def machine_ahead_s(self) -> float:
        """The seconds by which the machine's own clock is ahead of the database's; below 0 for a clock behind."""
        return (self._machines_time() - self.now()).total_seconds()

    async def read(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Read the database's clock. Raises psycopg.Error."""
        asked_s = self._counted_s()
        row = await (await connection.execute(_NOW)).fetchone()
        assert row is not None
        self.take(row[0].astimezone(UTC), asked_s=asked_s, answered_s=self._counted_s())

    def take(self, time: datetime, *, asked_s: float, answered_s: float) -> None:
        """Use a reading of the database's clock where the reading is more exact than the last one, or contradicts the
        last one because the database's clock was set."""
        new, last = _Reading(time, (asked_s + answered_s) / 2, (answered_s - asked_s) / 2), self._reading
        if last is not None:
            last_within_s = last.within_s_at(new.at_s)
            apart_s = abs((new.time - last.time_at(new.at_s)).total_seconds())
            if new.within_s > last_within_s and apart_s <= new.within_s + last_within_s:
                return
        self._reading = new
