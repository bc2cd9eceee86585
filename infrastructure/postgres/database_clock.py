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
ROUND_TRIP_S_MAX: Final = 0.25
"""A slower answer says less well what time it is: it counts only where the last one is old."""
OLD_AFTER_S: Final = 30.0


def _counted_s() -> float:
    """Seconds since some moment, by a clock that nobody sets; it goes on while a machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _machines_time() -> datetime:
    return datetime.now(UTC)


class _Reading(NamedTuple):
    time: datetime
    at_s: float


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
        return reading.time + timedelta(seconds=self._counted_s() - reading.at_s)

    @property
    def machine_ahead_s(self) -> float:
        """How far the machine's own clock is ahead of the database's; below 0 where it is behind."""
        return (self._machines_time() - self.now()).total_seconds()

    async def read(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Ask the database what time it is. Raises psycopg.Error."""
        asked_s = self._counted_s()
        row = await (await connection.execute(_NOW)).fetchone()
        answered_s = self._counted_s()
        assert row is not None
        last = self._reading
        if last is None or answered_s - asked_s <= ROUND_TRIP_S_MAX or answered_s - last.at_s > OLD_AFTER_S:
            self._reading = _Reading(row[0].astimezone(UTC), (asked_s + answered_s) / 2)
