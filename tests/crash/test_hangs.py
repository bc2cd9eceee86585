"""What hangs instead of dying is told within seconds, costs nothing, and is well again by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

import psycopg
import pytest

from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.load import shopping
from tests.crash.parts import HANGS, renewing
from tests.support.running import Merchant, Reply, eventually, merchant_of

TOLD_WITHIN_S = 3.0
TAKEN_OVER_WITHIN_S = 5.0
GENEROUSLY_S = 2 * TOLD_WITHIN_S
"""Machines that run tests are busy; `make drill` measures."""
COMMAND_WITHIN_S = 30.0
"""Of which most is its own start."""
ASKED_AT_ONCE = 20
"""More than there are connections to the database."""
QUERIES = ("/v1/payments", "/v1/balances", "/v1/refunds", "/v1/events", "/v1/disputes", "/v1/payouts")


async def timed(ask: Callable[[], Awaitable[Reply]]) -> tuple[float, Reply]:
    begun = time.monotonic()
    reply = await ask()
    return time.monotonic() - begun, reply


async def is_told(ask: Callable[[], Awaitable[Reply]]) -> None:
    waited_s, reply = await timed(ask)
    assert reply.status == 503, reply
    assert reply.headers["Retry-After"] == "1"
    assert waited_s < GENEROUSLY_S


@pytest.mark.system
async def test_a_database_that_hangs_is_told_within_seconds_whatever_is_asked(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        payment_id = (await merchant.pay()).json["payment_id"]
        refunding, paying = uuid4().hex, uuid4().hex

        async def asked_of_everything() -> None:
            queries = (*QUERIES, f"/v1/payments/{payment_id}", f"/v1/payments/{payment_id}/events")
            await asyncio.gather(
                *(is_told(partial(merchant.get, path)) for path in queries * 3),
                *(is_told(merchant.pay) for _ in range(ASKED_AT_ONCE)),
                is_told(lambda: merchant.pay(key=paying)),
                is_told(lambda: merchant.act(payment_id, "refunds", key=refunding)),
                is_told(lambda: merchant.get("/health/ready")),
            )

        with HANGS["postgres"](stack):
            status = stack.process("status", ["status"])
            status.start()
            for _ in range(3):
                waited_s, live = await timed(lambda: merchant.get("/health/live"))
                assert (live.status, waited_s < 1.0) == (200, True)
                await asked_of_everything()
            assert await asyncio.to_thread(status.wait, COMMAND_WITHIN_S) == 1
            assert status.log_tail().splitlines()[-1].startswith("Error: connection timeout expired")

        async def answered(ask: Callable[[], Awaitable[Reply]]) -> bool:
            return (await ask()).status == 201

        await eventually(lambda: answered(lambda: merchant.pay(key=paying)), "the payment, under its key")
        await eventually(lambda: answered(lambda: merchant.act(payment_id, "refunds", key=refunding)), "the refund")
        await eventually(lambda: _is_ready(merchant), "ready again")
    await eventually(lambda: _only_its_connections(stack), "no connection is left over")
    await assert_every_promise_holds(stack)


@pytest.mark.parametrize("part", ["readers", "writer", "locked events", "nats"])
async def test_what_hangs_alone_is_answered_for_within_seconds_too(stack: Stack, part: str) -> None:
    async with merchant_of(stack) as merchant:
        payment_id = (await merchant.pay()).json["payment_id"]
        asks: list[Callable[[], Awaitable[Reply]]] = [
            merchant.pay,
            *(partial(merchant.get, path) for path in (*QUERIES, f"/v1/payments/{payment_id}")),
        ]
        with HANGS[part](stack):
            for waited_s, reply in await asyncio.gather(*(timed(ask) for ask in asks * 3)):
                assert waited_s < GENEROUSLY_S, reply
                assert reply.status in ((200, 201) if part == "nats" else (200, 201, 503))
        await eventually(lambda: _is_ready(merchant), "ready again")
        await eventually(lambda: _pays(merchant), "a payment goes through")


@pytest.mark.system
async def test_a_worker_that_hangs_is_replaced_and_does_no_harm_when_it_wakes(stack: Stack) -> None:
    second = stack.process("worker-2", ["worker"])
    second.start()
    try:
        await eventually(lambda: renewing(stack, workers=2), "the second worker stands by")
        async with shopping(stack, seed=11) as load, merchant_of(stack) as merchant:
            await load.until(20)
            with HANGS["worker"](stack):
                reply = await merchant.pay()
                position = {"Tallystick-Position": reply.headers["Tallystick-Position"]}

                async def seen() -> bool:
                    return (await merchant.get("/v1/balances", headers=position)).status == 200

                await eventually(seen, "the other worker has taken over", within_s=4 * TAKEN_OVER_WITHIN_S)
                await load.until(20)
            await load.until(20)
        await assert_every_promise_holds(stack)
    finally:
        second.terminate()
    await assert_every_promise_holds(stack)


async def _pays(merchant: Merchant) -> bool:
    return (await merchant.pay()).status == 201


async def _is_ready(merchant: Merchant) -> bool:
    return (await merchant.get("/health/ready")).status == 200


async def _only_its_connections(stack: Stack) -> bool:
    """No more readers than pools have, and one writer for each process that writes."""
    with psycopg.connect(stack.settings.database_url) as connection:
        counts: dict[str, int] = dict(
            connection.execute(
                "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name LIKE 'tallystick %'"
                " GROUP BY application_name"
            ).fetchall()
        )
    writers = {name: count for name, count in counts.items() if name != "tallystick reader"}
    return counts["tallystick reader"] <= 16 and all(count <= 2 for count in writers.values())
