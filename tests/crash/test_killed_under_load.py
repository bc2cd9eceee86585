"""kill -9 of any process while merchants pay: no answer is lost, nothing is charged twice, nothing stays stuck."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator

from interfaces.stack import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import Load, shopping
from tests.crash.system import DOWN_S, descendants, nats_away, postgres_away, restart, until_listening

KILLS = 2
ANSWERS_BETWEEN = 15


async def test_the_api(stack: Stack) -> None:
    async with shopping(stack, seed=1) as load:
        async for _ in _random_moments(load, seed=1):
            await restart(stack.api, stack.url)
    await assert_every_promise_holds(stack)


async def test_only_the_process_that_serves_requests(stack: Stack) -> None:
    """Its supervisor lives on, and starts another; dying again within 5 s is for granian a reason to give up."""
    async with shopping(stack, seed=9) as load:
        await load.until(ANSWERS_BETWEEN)
        for pid in descendants(stack.api.pid):
            os.kill(pid, signal.SIGKILL)
        await load.until(ANSWERS_BETWEEN)
    await assert_every_promise_holds(stack)


async def test_the_worker(stack: Stack) -> None:
    async with shopping(stack, seed=2) as load:
        async for _ in _random_moments(load, seed=2):
            stack.worker.kill()
            stack.worker.start()
    await assert_every_promise_holds(stack)


async def test_postgres(stack: Stack) -> None:
    async with shopping(stack, seed=3) as load:
        async for _ in _random_moments(load, seed=3):
            async with postgres_away(stack):
                await asyncio.sleep(DOWN_S)
    await assert_every_promise_holds(stack)


async def test_nats(stack: Stack) -> None:
    async with shopping(stack, seed=4) as load:
        async for _ in _random_moments(load, seed=4):
            async with nats_away(stack):
                await asyncio.sleep(DOWN_S)
    await assert_every_promise_holds(stack)


async def test_the_provider(stack: Stack) -> None:
    async with shopping(stack, seed=5) as load:
        await load.until(ANSWERS_BETWEEN)
        await restart(stack.simulator, stack.settings.simulator_url)
        await load.until(ANSWERS_BETWEEN)
    await assert_every_promise_holds(stack)


async def test_everything_at_once(stack: Stack) -> None:
    """As when the power fails, short of what the disk loses."""
    async with shopping(stack, seed=6) as load:
        await load.until(ANSWERS_BETWEEN)
        for process in (stack.api, stack.embedded.postgres, stack.worker, stack.embedded.nats, stack.simulator):
            process.kill()
        stack.embedded.nats.start()
        stack.embedded.postgres.start()
        for child in (stack.simulator, stack.worker, stack.api):
            child.start()
        await until_listening(stack.api, stack.url)
        await load.until(ANSWERS_BETWEEN)
    await assert_every_promise_holds(stack)


async def _random_moments(load: Load, *, seed: int) -> AsyncIterator[int]:
    """Moments to kill something: the load is up to speed before each, and comes back to it after the last."""
    choose = random.Random(seed)
    for moment in range(KILLS):
        await load.until(ANSWERS_BETWEEN)
        await asyncio.sleep(choose.uniform(0, 0.3))
        yield moment
    await load.until(ANSWERS_BETWEEN)
