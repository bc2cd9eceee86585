"""The clock of the database, which all machines share: read now and then, and counted on in between.

A machine's own clock may be wrong by a day, or be set while we run: what was due by it could wait for ever, and two
machines would disagree on what is due. Nothing is asked of the database when the time is wanted.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg

_NOW = "SELECT clock_timestamp()"
DRIFT: Final = 2e-4
"""By how much two clocks that nobody sets may go differently, as a part of the time that passes."""


def _counted_s() -> float:
    """Seconds since some moment, by a clock that nobody sets; it goes on while a machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _machines_time() -> datetime:
    return datetime.now(UTC)


class _Reading(NamedTuple):
    """The database's clock said `time` at `at_s` of our counting, give or take `within_s`, half the answer's way."""

    time: datetime
    at_s: float
    within_s: float

    def time_at(self, at_s: float) -> datetime:
        return self.time + timedelta(seconds=at_s - self.at_s)

    def within_s_at(self, at_s: float) -> float:
        return self.within_s + DRIFT * (at_s - self.at_s)


class DatabaseClock:
    """Tells the machine's own time until it has been read for the first time."""

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
        """How far the machine's own clock is ahead of the database's; below 0 where it is behind."""
        return (self._machines_time() - self.now()).total_seconds()

    async def read(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Ask the database what time it is. Raises psycopg.Error."""
        asked_s = self._counted_s()
        row = await (await connection.execute(_NOW)).fetchone()
        assert row is not None
        self.take(row[0].astimezone(UTC), asked_s=asked_s, answered_s=self._counted_s())

    def take(self, time: datetime, *, asked_s: float, answered_s: float) -> None:
        """Go by an answer of the database, if it says better what time it is than the last one, or contradicts it
        because the database's clock was set."""
        new, last = _Reading(time, (asked_s + answered_s) / 2, (answered_s - asked_s) / 2), self._reading
        if last is not None:
            last_within_s = last.within_s_at(new.at_s)
            apart_s = abs((new.time - last.time_at(new.at_s)).total_seconds())
            if new.within_s > last_within_s and apart_s <= new.within_s + last_within_s:
                return
        self._reading = new
