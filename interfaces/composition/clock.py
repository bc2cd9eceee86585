"""The one clock of a process: the database's clock, once that has been read."""

from infrastructure.postgres.connection.database_clock import DatabaseClock

CLOCK = DatabaseClock()
utc_now = CLOCK.now
