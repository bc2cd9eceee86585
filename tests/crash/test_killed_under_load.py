"""kill -9 of a part of a process, or of everything, while merchants pay: nothing is lost, doubled or stuck."""

import os
import signal

from interfaces.stack import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import shopping
from tests.crash.system import descendants, until_listening

ANSWERS_BETWEEN = 15


async def test_only_the_process_that_serves_requests(stack: Stack) -> None:
    """Its supervisor lives on, and starts another; dying again within 5 s is for granian a reason to give up."""
    async with shopping(stack, seed=9) as load:
        await load.until(ANSWERS_BETWEEN)
        for pid in descendants(stack.api.pid):
            os.kill(pid, signal.SIGKILL)
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
