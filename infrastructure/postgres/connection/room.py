"""A small write tests whether the database's disk has room, since reads succeed on a full disk."""

import time
from typing import Final

import psycopg

from infrastructure.postgres.connection.pool import Connection

ASKED_EVERY_S: Final = 5.0
ASKED_AGAIN_EVERY_S: Final = 1.0
"""The interval of tests while the disk is full."""
# Two megabytes of a temporary file, where tables are: no WAL, nothing that stays, no right that any role lacks.
_LITTLE_MEMORY = "SET LOCAL work_mem = '64kB'"
_SPILL = (
    "SELECT count(*) FROM (SELECT repeat('x', 1000) || n FROM generate_series(1, 2000) AS n ORDER BY 1 OFFSET 0) AS s"
)


class Room:
    """Whether the disk has room; a result holds for some seconds."""

    def __init__(self) -> None:
        self._is_there = True
        self._ask_at_s = 0.0

    async def is_there(self, connection: Connection) -> bool:
        """Whether the disk has room. Raises psycopg.Error where the test fails for another reason."""
        if time.monotonic() >= self._ask_at_s:
            self._is_there = await _can_write(connection)
            self._ask_at_s = time.monotonic() + (ASKED_EVERY_S if self._is_there else ASKED_AGAIN_EVERY_S)
        return self._is_there


async def _can_write(connection: Connection) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(_LITTLE_MEMORY)
            await connection.execute(_SPILL)
    except psycopg.errors.DiskFull:
        return False
    return True
