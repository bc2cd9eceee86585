"""kill -9 of every part, in random order and before the last one has recovered, while merchants pay: what was answered
is durable, nothing is charged twice, nothing stays stuck. Of two workers, one takes over from the other.

The suite tries a few seeds; `make crash` tries twenty, and `make crash SEED=7` repeats one.
"""

import asyncio
import os
import random
from collections.abc import Iterator, Mapping
from typing import Protocol

import pytest

from infrastructure.observability.condition import RELAY
from interfaces.composition import ChildProcess, Core
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.bus import assert_relay_is_heard
from tests.crash.load import shopping
from tests.crash.system import kill_serving, until_listening
from tests.support.running import eventually

ANSWERS_FIRST = 10
PAUSE_S_MAX = 0.4
DOWN_S_MAX = 0.4


class Part(Protocol):
    """A process or server that can be killed, and started again on the same data."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


class ServingProcess:
    """The process that serves requests, without its supervisor, which starts another."""

    def __init__(self, api: ChildProcess) -> None:
        self._api = api

    def kill(self) -> None:
        kill_serving(self._api)

    def start(self) -> None:
        pass


def seeds() -> list[int]:
    if one := os.environ.get("CRASH_SEED"):
        return [int(one)]
    return list(range(1, int(os.environ.get("CRASH_SEEDS", "2")) + 1))


@pytest.fixture(scope="module")
def standby(stack: Stack) -> Iterator[ChildProcess]:
    """A second worker, started while the first is at work."""
    worker = stack.process("worker-2", ["worker"])
    worker.start()
    yield worker
    worker.terminate()


@pytest.mark.system
async def test_the_other_worker_takes_over_from_a_killed_one_under_load(stack: Stack, standby: ChildProcess) -> None:
    async with Core(stack.settings) as core:
        async with shopping(stack, seed=11) as load:
            await load.until(ANSWERS_FIRST)
            stack.worker.kill()
            await load.until(ANSWERS_FIRST)
            await _until_all_reach(core, (await core.health.condition()).head)
            stack.worker.start()
        await assert_relay_is_heard(core)
    await assert_every_promise_holds(stack)


@pytest.mark.system
@pytest.mark.parametrize("seed", seeds())
async def test_kills_in_random_order(stack: Stack, standby: ChildProcess, seed: int) -> None:
    choose = random.Random(seed)
    parts = _parts(stack, standby)
    order = choose.sample(sorted(parts), len(parts))
    print(f"{' then '.join(order)}; to repeat: make crash SEED={seed}")
    async with shopping(stack, seed) as load:
        await load.until(ANSWERS_FIRST)
        for name in order:
            await asyncio.sleep(choose.uniform(0, PAUSE_S_MAX))
            parts[name].kill()
            await asyncio.sleep(choose.uniform(0, DOWN_S_MAX))
            # In this thread, although it blocks: a child ends with the thread that started it.
            parts[name].start()
        await until_listening(stack.api, stack.url)
        await load.until(ANSWERS_FIRST)
    await assert_every_promise_holds(stack)
    async with Core(stack.settings) as core:
        await assert_relay_is_heard(core)


def _parts(stack: Stack, standby: ChildProcess) -> Mapping[str, Part]:
    """What there is to kill: the API writes, each worker may be relay and projectors."""
    return {
        "api": stack.api,
        "serving": ServingProcess(stack.api),
        "worker": stack.worker,
        "standby": standby,
        "nats": stack.embedded.nats,
        "postgres": stack.embedded.postgres,
        "provider": stack.simulator,
    }


async def _until_all_reach(core: Core, head: int) -> None:
    async def every_one_has_it() -> bool:
        followers = (await core.health.condition()).followers
        # What the relay has told only a listener knows.
        return all((follower.position or 0) >= head for follower in followers if follower.name != RELAY)

    await eventually(every_one_has_it, f"every view reaches position {head}")
