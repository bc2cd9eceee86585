"""kill -9 of everything at once while merchants pay: nothing is lost, doubled or stuck."""

from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import shopping
from tests.crash.system import until_listening

ANSWERS_BETWEEN = 15


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
