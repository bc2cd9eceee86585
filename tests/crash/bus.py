"""Whether the bus does its work: the relay is heard to be where the store is."""

import asyncio

from interfaces.composition import Core
from tests.support.running import eventually

HEARD_WITHIN_S = 20.0


async def assert_relay_is_heard(core: Core) -> None:
    """Once the relay has told of the last event."""
    listening = asyncio.create_task(core.listener.run())

    async def at_head() -> bool:
        return core.listener.position == await core.store.head()

    try:
        await eventually(at_head, "the relay is heard at the store's head", within_s=HEARD_WITHIN_S)
    finally:
        listening.cancel()
