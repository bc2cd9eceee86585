"""The number of messages refused on the bus, by reason, and the time of the last one."""

import logging
from collections.abc import Mapping
from typing import Any

import psycopg
from msgspec import Struct

from infrastructure.postgres.connection.pool import ReadPool

_NOTE = """
INSERT INTO bus_refusal (reason, messages, last_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (reason) DO UPDATE
SET messages = bus_refusal.messages + excluded.messages, last_at = excluded.last_at
"""
_SELECT = """
SELECT reason, messages, extract(epoch FROM clock_timestamp() - last_at)::float8 FROM bus_refusal ORDER BY reason
"""

log = logging.getLogger(__name__)


class BusRefusal(Struct, frozen=True):
    """The messages refused for one reason since the store was created; `last_s` is the age of the last in seconds."""

    reason: str
    messages: int
    last_s: float


async def note_refusals(pool: ReadPool, refused: Mapping[str, int]) -> None:
    """Log the refused messages and add them to the counts, by reason. Raises StoreUnavailable, after the log record of
    the reason that could not be counted."""
    for reason, messages in refused.items():
        log.warning("bus_messages_refused", extra={"reason": reason, "messages": messages})
        async with pool.connection() as connection:
            await connection.execute(_NOTE, (reason, messages))


async def bus_refusals(connection: psycopg.AsyncConnection[Any]) -> tuple[BusRefusal, ...]:
    """The refusals, in alphabetical order of their reasons. Raises psycopg.Error."""
    return tuple(BusRefusal(*row) for row in await (await connection.execute(_SELECT)).fetchall())
