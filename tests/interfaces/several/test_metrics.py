"""/metrics of several server processes: every answer adds all of them up, and leaves out what a dead one had."""

import asyncio
import os
import signal

import aiohttp
import pytest

from tests.crash.system import descendants
from tests.interfaces.several.conftest import PROCESSES, TOKEN, Api, metrics_folder
from tests.support.metrics import Scraped, scrape
from tests.support.running import Merchant, eventually

pytestmark = pytest.mark.system

PAYMENTS = 40
PAID = {"name": "tallystick_http_requests_total", "route": "/v1/payment_intents", "status": "201"}
QUEUES = "tallystick_append_waiting_commands_max"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


async def test_every_answer_adds_up_all_processes_and_forgets_the_queue_of_a_killed_one(
    second: Api, doors: list[Merchant]
) -> None:
    async def scraped() -> Scraped:
        # Over a connection of its own, by which the kernel chooses the process.
        async with aiohttp.ClientSession() as http:
            return await scrape(http, second.url, headers=KNOWN)

    before = (await scraped()).value(**PAID)
    await asyncio.gather(*(doors[1].pay() for _ in range(PAYMENTS)))
    for _ in range(4 * PROCESSES):
        assert (await scraped()).value(**PAID) - before == PAYMENTS
    one_queue = (await scraped()).value(QUEUES) / PROCESSES
    assert one_queue.is_integer()

    killed, *others = sorted(descendants(second.process.pid))
    assert len(others) == PROCESSES - 1
    os.kill(killed, signal.SIGKILL)

    async def another_is_there() -> bool:
        return len(descendants(second.process.pid) - {killed}) == PROCESSES

    await eventually(another_is_there, "another process in the place of the killed one")
    folder = metrics_folder(second)
    assert len(list(folder.glob("gauge_livesum_*.db"))) >= PROCESSES

    async def all_are_counted_once() -> bool:
        told = await scraped()
        assert told.value(**PAID) - before == PAYMENTS, "what the killed one had counted is gone"
        return told.value(QUEUES) == PROCESSES * one_queue

    await eventually(all_are_counted_once, "the killed one's queue is no longer there")


async def test_a_server_with_a_token_tells_only_who_has_it_and_from_anywhere(second: Api) -> None:
    async with aiohttp.ClientSession() as http:
        for given in ({}, {"Authorization": "Bearer another"}, {"Authorization": TOKEN}):
            async with http.get(f"{second.url}/metrics", headers=given) as reply:
                assert reply.status == 404, given
        proxied = KNOWN | {"X-Forwarded-For": "192.0.2.1"}
        assert (await scrape(http, second.url, headers=proxied)).value("tallystick_store_up") == 1
