"""SIGTERM ends a process within seconds whatever it is at, and leaves nothing running, or half done for good."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from interfaces.composition import ChildProcess, Core, utc_now
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.bus import assert_relay_is_heard
from tests.crash.load import shopping
from tests.crash.system import crashable_stack, descendants, still_running, until_listening
from tests.support.running import eventually, merchant_of

pytestmark = pytest.mark.system

API_ENDED_WITHIN_S = 7.0
"""It waits up to 5 s for open requests."""
WORKER_ENDED_WITHIN_S = 3.0


async def test_an_api_asked_to_stop_answers_what_it_has_begun(stack: Stack) -> None:
    async with merchant_of(stack) as merchant, Core(stack.settings) as core:
        paying = [asyncio.create_task(merchant.pay(token="tok_slow")) for _ in range(10)]

        async def all_at_the_provider() -> bool:
            # On a slow machine the first may be answered before the last is on its way.
            for number, payment in enumerate(paying):
                if payment.done():
                    paying[number] = asyncio.create_task(merchant.pay(token="tok_slow"))
            return len(await core.payment.operation_queue.unresolved(claimed_before=utc_now())) == len(paying)

        await eventually(all_at_the_provider, "the payments are at the provider")
        stopped = await _terminated(stack.api, API_ENDED_WITHIN_S)
        replies = await asyncio.gather(*paying)
        assert {(reply.status, reply.json["status"]) for reply in replies} == {(201, "captured")}
        assert stopped == 0
        stack.api.start()
        await until_listening(stack.api, stack.url)
    await assert_every_promise_holds(stack)


async def test_nothing_is_lost_when_they_are_asked_to_stop_under_load(stack: Stack) -> None:
    async with shopping(stack, seed=7) as load:
        await load.until(15)
        assert await _terminated(stack.worker, WORKER_ENDED_WITHIN_S) == 0
        await load.until(15)
        await _terminated(stack.api, API_ENDED_WITHIN_S)
        stack.api.start()
        stack.worker.start()
        await load.until(15)
    await assert_every_promise_holds(stack)


async def test_a_worker_stops_although_nats_hangs(stack: Stack) -> None:
    """One that was connected before, and one that never could connect."""
    async with Core(stack.settings) as core, merchant_of(stack) as merchant:
        await assert_relay_is_heard(core)
        os.kill(stack.embedded.nats.pid, signal.SIGSTOP)
        try:
            reply = await merchant.pay()
            assert await _terminated(stack.worker, WORKER_ENDED_WITHIN_S) == 0
            stack.worker.start()
            position = reply.headers["Tallystick-Position"]

            async def is_at_work() -> bool:
                shown = await merchant.get("/v1/balances", headers={"Tallystick-Position": position})
                return shown.status == 200

            await eventually(is_at_work, "the new worker has taken over")
            assert await _terminated(stack.worker, WORKER_ENDED_WITHIN_S) == 0
        finally:
            os.kill(stack.embedded.nats.pid, signal.SIGCONT)
            if not stack.worker.running:
                stack.worker.start()
        await assert_relay_is_heard(core)
    await assert_every_promise_holds(stack)


def test_nothing_is_left_running_even_when_the_servers_went_first(folder: Path) -> None:
    with crashable_stack(folder) as stack:
        servers = (stack.embedded.postgres.pid, stack.embedded.nats.pid)
        started = {stack.api.pid, stack.worker.pid, stack.simulator.pid, *servers}
        started |= set().union(*map(descendants, started))
        stack.embedded.postgres.kill()
        stack.embedded.nats.kill()
        asked_to_stop = time.monotonic()
    assert time.monotonic() - asked_to_stop < 2 * API_ENDED_WITHIN_S
    assert still_running(started) == set()


async def _terminated(process: ChildProcess, within_s: float) -> int:
    """SIGTERM, and the exit status of `process`, which has to come in time; its clients go on meanwhile."""
    os.kill(process.pid, signal.SIGTERM)

    async def has_ended() -> bool:
        return not process.running

    await eventually(has_ended, f"{process.name} ends", within_s=within_s)
    status = process.poll()
    assert status is not None
    return status
