"""Commands in a writer's queue, without the writer."""

import asyncio
from collections import deque
from collections.abc import Iterable

from application.write.store import AppendResult
from infrastructure.postgres.event_store.batching import WaitingCommand
from infrastructure.postgres.event_store.command_encoding import EncodedCommand


def queue_of(commands: Iterable[EncodedCommand]) -> deque[WaitingCommand]:
    """Nobody waits for the answers, so the loop that they belong to never runs."""
    loop = asyncio.new_event_loop()
    loop.close()
    return deque(WaitingCommand(command, asyncio.Future[AppendResult](loop=loop)) for command in commands)
