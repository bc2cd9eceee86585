"""Which of the waiting commands may be in one batch: no two that want the same stream, operation or key.

Each is judged against what is stored, so the later one of two has to wait until the earlier one is.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from application.write.store import AppendResult
from infrastructure.postgres.event_store.command_encoding import EncodedCommand

LOOKED_AT_MAX = 1024
"""However long the queue, a batch is put together in about a millisecond."""


class Waiting(NamedTuple):
    command: EncodedCommand
    answer: asyncio.Future[AppendResult]


def next_batch(queue: deque[Waiting], *, commands_max: int) -> list[Waiting]:
    """Take the next batch out of `queue`. What has to wait for one of it stays in front, in its order; whoever has
    given up is dropped."""
    batch: list[Waiting] = []
    left: list[Waiting] = []
    wanted: set[object] = set()
    for _ in range(min(len(queue), LOOKED_AT_MAX)):
        if len(batch) == commands_max:
            break
        waiting = queue.popleft()
        if waiting.answer.cancelled():
            continue
        wants = waiting.command.wants
        (batch if wanted.isdisjoint(wants) else left).append(waiting)
        wanted.update(wants)  # also of those left: what comes after them must not overtake them
    queue.extendleft(reversed(left))
    return batch
