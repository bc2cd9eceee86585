"""The one clock of a process: that of the database, once it has been read."""

from infrastructure.postgres.connection.database_clock import DatabaseClock

CLOCK = DatabaseClock()
utc_now = CLOCK.now
