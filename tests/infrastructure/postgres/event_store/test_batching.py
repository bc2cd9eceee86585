"""A batch is the front of the queue, without whatever wants the same as somebody before it."""

from collections import deque
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from application.write.store import Append
from infrastructure.postgres.event_store.batching import LOOKED_AT_MAX, WaitingCommand, next_batch
from infrastructure.postgres.event_store.command_encoding import encode
from infrastructure.postgres.event_store.mapper import EventMapper
from tests.infrastructure.postgres.event_store.append_model import Command, World, commands, wants
from tests.infrastructure.postgres.event_store.queueing import queue_of
from tests.support.store import claim


def queue(*appends: Append) -> deque[WaitingCommand]:
    return queue_of(encode(number, append, EventMapper()) for number, append in enumerate(appends, start=1))


def numbers(batch: list[WaitingCommand]) -> list[int]:
    return [waiting.entry.number for waiting in batch]


@given(st.lists(commands, max_size=12), st.integers(1, 12))
def test_whoever_wants_what_an_earlier_one_wants_waits_for_it(queued: list[Command], commands_max: int) -> None:
    world = World()
    appends = [world.append(command) for command in queued]
    waiting = queue(*appends)
    answered: list[int] = []
    for _ in count():
        batch = numbers(next_batch(waiting, commands_max=commands_max))
        if not batch:
            break
        expected: list[int] = []
        wanted: set[object] = set()
        for number, append in enumerate(appends, start=1):
            if number in answered or len(expected) == commands_max:
                continue
            if wanted.isdisjoint(wants(append)):
                expected.append(number)
            wanted |= wants(append)
        assert batch == expected
        answered += batch
    assert sorted(answered) == list(range(1, len(appends) + 1))


def test_who_has_given_up_is_dropped() -> None:
    waiting = queue(Append(events=()), Append(events=()))
    waiting[0].answer.cancel()
    assert numbers(next_batch(waiting, commands_max=9)) == [2]
    assert not waiting


def test_of_a_long_queue_only_the_front_is_looked_at() -> None:
    same_key = [Append(events=(), claim=claim("key")) for _ in range(LOOKED_AT_MAX)]
    waiting = queue(*same_key, Append(events=()))
    assert numbers(next_batch(waiting, commands_max=9)) == [1]
    assert [left.entry.number for left in waiting] == list(range(2, LOOKED_AT_MAX + 2))
