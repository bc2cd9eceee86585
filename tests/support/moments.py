"""A time between what was done before and what is done afterwards."""

import asyncio
from datetime import UTC, datetime

CLOCKS_DIFFER_S = 0.1
"""The server goes by the database's clock, as it was read a moment ago."""


async def a_moment() -> str:
    """An RFC 3339 time, after all that was done, that the server does not take for the future."""
    await asyncio.sleep(CLOCKS_DIFFER_S)
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await asyncio.sleep(CLOCKS_DIFFER_S)
    return moment
