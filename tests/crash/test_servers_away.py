"""Postgres or NATS away: refused clearly or carried on without, and whole again by itself once it is back."""

import asyncio
import time
from uuid import uuid4

import pytest

from infrastructure.nats.feed import POLL_S
from interfaces.composition import Core
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.bus import assert_relay_is_heard
from tests.crash.system import descendants, nats_away, postgres_away
from tests.support.running import Merchant, Reply, eventually, merchant_of

pytestmark = pytest.mark.system

PROMPTLY_S = 5.0
IN_A_ROW = 8
LIVE_WITHIN_S = POLL_S / 2
"""Eight views in a row that show a payment sooner were woken by the bus."""


async def test_without_postgres_requests_are_refused_and_afterwards_served_again(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        payment_id = (await merchant.pay()).json["payment_id"]
        processes = descendants(stack.api.pid) | descendants(stack.worker.pid)
        key = uuid4().hex
        async with postgres_away(stack):
            for _ in range(2):
                await asyncio.gather(
                    _is_refused(merchant, "POST", f"/v1/payments/{payment_id}/refunds", {}, key),
                    _is_refused(merchant, "GET", f"/v1/payments/{payment_id}"),
                    _is_refused(merchant, "GET", "/v1/balances"),
                    _is_not_ready(merchant),
                )
            assert (await merchant.get("/health/live")).status == 200

        async def refunded() -> bool:
            return (await merchant.act(payment_id, "refunds", key=key)).status == 201

        await eventually(refunded, "the refused refund, under the same key")
        assert (await merchant.get("/health/ready")).json == {"status": "ready", "database": True, "bus": True}
        await _events_arrive_live(merchant)
        assert descendants(stack.api.pid) | descendants(stack.worker.pid) == processes, "a process was started anew"
    await assert_every_promise_holds(stack)


async def test_without_nats_payments_go_on_and_the_views_keep_up(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        async with nats_away(stack):
            reply = await merchant.pay()
            assert (reply.status, reply.json["status"]) == (201, "captured")

            async def bus_is_missed() -> bool:
                ready = await merchant.get("/health/ready")
                assert ready.status == 200
                return ready.json == {"status": "ready", "database": True, "bus": False}

            await eventually(bus_is_missed, "the bus is known to be away", within_s=5)
            for _ in range(2):
                reply = await merchant.pay()
                assert reply.status == 201
                await _visible(merchant, reply)

        async def bus_is_back() -> bool:
            return bool((await merchant.get("/health/ready")).json["bus"])

        await eventually(bus_is_back, "the bus is back", within_s=5)
        await _events_arrive_live(merchant)
    async with Core(stack.settings) as core:
        await assert_relay_is_heard(core)
    await assert_every_promise_holds(stack)


async def _is_refused(merchant: Merchant, method: str, path: str, body: object = None, key: str | None = None) -> None:
    started = time.monotonic()
    reply = await merchant.send(method, path, body, key=key)
    assert time.monotonic() - started < PROMPTLY_S
    assert reply.status == 503
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Retry-After"] == "1"
    assert reply.json["type"] == "urn:tallystick:problem:store_unavailable"


async def _is_not_ready(merchant: Merchant) -> None:
    ready = await merchant.get("/health/ready")
    assert (ready.status, ready.json["database"], ready.headers["Retry-After"]) == (503, False, "1")


async def _visible(merchant: Merchant, reply: Reply) -> None:
    """Wait until the balances view shows what `reply` told of."""

    async def shown() -> bool:
        position = reply.headers["Tallystick-Position"]
        return (await merchant.get("/v1/balances", headers={"Tallystick-Position": position})).status == 200

    await eventually(shown, "the view shows the payment", within_s=10)


async def _events_arrive_live(merchant: Merchant) -> None:
    """Wait until several payments in a row are seen too soon after they happened to have been found by polling."""

    async def in_a_row() -> bool:
        for _ in range(IN_A_ROW):
            reply = await merchant.pay()
            if reply.status != 201:
                return False
            told = time.monotonic()
            await _visible(merchant, reply)
            if time.monotonic() - told > LIVE_WITHIN_S:
                return False
        return True

    await eventually(in_a_row, "the bus wakes the views", within_s=60)
