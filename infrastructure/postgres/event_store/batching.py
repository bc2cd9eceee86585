"""The commands of one batch are those that wait, no two of which want the same stream, operation or key.

Each is judged against what is stored, so the later one of two has to wait until the earlier one is.
"""

from collections import deque

from application.write.store import AppendResult
from infrastructure.postgres.connection.group_commit import Waiting
from infrastructure.postgres.event_store.command_encoding import EncodedCommand

LOOKED_AT_MAX = 1024
"""However long the queue, a batch is put together in about a millisecond."""


WaitingCommand = Waiting[EncodedCommand, AppendResult]


def next_batch(queue: deque[WaitingCommand], *, commands_max: int) -> list[WaitingCommand]:
    """Take the next batch out of `queue`. A command that has to wait for one of the batch stays in front, in its order;
    a command whose sender has given up is dropped."""
    batch: list[WaitingCommand] = []
    left: list[WaitingCommand] = []
    wanted: set[object] = set()
    for _ in range(min(len(queue), LOOKED_AT_MAX)):
        if len(batch) == commands_max:
            break
        waiting = queue.popleft()
        if waiting.answer.cancelled():
            continue
        wants = waiting.entry.wants
        (batch if wanted.isdisjoint(wants) else left).append(waiting)
        wanted.update(wants)  # Of those left too: later commands must not overtake them.
    queue.extendleft(reversed(left))
    return batch
