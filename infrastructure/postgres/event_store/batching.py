"""No two commands of a batch use the same stream, operation or idempotency key."""

# Each command is checked against the stored state: the later of two such commands waits until the earlier is stored.

from collections import deque

from application.write.store import AppendResult
from infrastructure.postgres.connection.group_commit import Waiting
from infrastructure.postgres.event_store.command_encoding import EncodedCommand

LOOKED_AT_MAX = 1024
"""The number of waiting commands examined for one batch: forming a batch takes about a millisecond, however long the
queue is."""


WaitingCommand = Waiting[EncodedCommand, AppendResult]


def next_batch(queue: deque[WaitingCommand], *, commands_max: int) -> list[WaitingCommand]:
    """Take the next batch out of `queue`. Commands that have to wait for one of the batch stay in front, in their
    order; commands whose senders have given up are dropped."""
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
        wanted.update(wants)  # Of commands left waiting too: later commands must not overtake them.
    queue.extendleft(reversed(left))
    return batch
