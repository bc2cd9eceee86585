"""The bus wakes the views and nothing more: forged, foreign, missing and huge messages, and a server that hangs."""

import asyncio
import os
import signal
import time
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from infrastructure.nats.feed import POLL_S
from infrastructure.nats.listener import Refusal
from infrastructure.nats.wakeup import Wakeup, encode, subject_of
from interfaces.composition import Core
from interfaces.runtime.supervisor import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.bus import assert_relay_is_heard
from tests.crash.system import nats_away
from tests.infrastructure.nats.wiring import connected
from tests.support.running import Merchant, Reply, eventually, merchant_of

pytestmark = pytest.mark.system

BEHIND_S_MAX = 10 * POLL_S
"""Of a view that nothing wakes, on a busy machine; on a quiet one, POLL_S and a little."""
HANGS_FOR_S = 8.0


async def test_forged_messages_are_refused_told_of_and_without_effect(stack: Stack) -> None:
    async with (
        merchant_of(stack) as merchant,
        Core(stack.settings) as core,
        connected(stack.settings.nats_url) as relay,
    ):
        await merchant.pay()
        await assert_relay_is_heard(core)
        store_id = await core.store_id()
        subject = subject_of(store_id)
        for forged in (
            encode(Wakeup(store_id, 10**12)),
            encode(Wakeup(uuid4(), 3)),
            b'{"amount": 999999999}',
        ):
            await relay.publish(subject, forged)
        await _seen(merchant, await merchant.pay())

        async def all_counted() -> bool:
            return {refusal.reason for refusal in (await core.health.condition()).bus_refusals} == set(Refusal)

        await eventually(all_counted, "every kind of forged message is counted")
        code, told = await _status(stack)
        assert code == 1
        assert not told["well"]
        assert len(told["alarms"]) == len(Refusal)
        assert [each["trouble"] for each in told["followers"]] == [None] * len(told["followers"])
        metrics = (await merchant.get("/metrics")).body.decode()
        assert 'tallystick_bus_messages_refused_total{reason="beyond_head"}' in metrics
        assert "bus_messages_refused" in (stack.logs / "worker.log").read_text()
    await assert_every_promise_holds(stack)


async def test_the_readers_user_cannot_forge_anything(stack: Stack) -> None:
    async with Core(stack.settings) as core, connected(stack.settings.nats_reader_url) as reader:
        before = {refusal.reason: refusal.messages for refusal in (await core.health.condition()).bus_refusals}
        subject = subject_of(await core.store_id())
        for _ in range(10):
            await reader.publish(subject, b"forged")
        await asyncio.sleep(3)
        after = {refusal.reason: refusal.messages for refusal in (await core.health.condition()).bus_refusals}
        assert after == before


async def test_the_views_keep_up_while_nats_hangs(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        os.kill(stack.embedded.nats.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < HANGS_FOR_S:
                await _seen(merchant, await merchant.pay())

            async def is_missed() -> bool:
                return (await merchant.get("/health/ready")).json == {
                    "status": "ready",
                    "database": True,
                    "bus": False,
                }

            await eventually(is_missed, "the API knows that NATS hangs")
        finally:
            os.kill(stack.embedded.nats.pid, signal.SIGCONT)
    async with Core(stack.settings) as core:
        await assert_relay_is_heard(core)
    await assert_every_promise_holds(stack)


async def test_a_nats_that_lost_everything_needs_nothing_to_be_done(stack: Stack) -> None:
    """It keeps nothing: a disk that was full, a folder that was emptied, and a new machine are the same to us."""
    async with merchant_of(stack) as merchant:
        async with nats_away(stack):
            await _seen(merchant, await merchant.pay())
            assert not (stack.embedded.home / "nats").exists()
        await _seen(merchant, await merchant.pay())
    async with Core(stack.settings) as core:
        await assert_relay_is_heard(core)


async def test_views_that_a_forged_message_moved_beyond_the_store_heal_by_themselves(stack: Stack) -> None:
    """As earlier versions left them, which believed what a message said."""
    async with merchant_of(stack) as merchant, Core(stack.settings) as core:
        await merchant.pay()
        stack.worker.kill()
        with psycopg.connect(stack.settings.database_url) as connection:
            connection.execute("UPDATE views.checkpoint SET position = 10^12")
            connection.execute("UPDATE views.payment_status SET amount_minor = 999999999")
        stack.worker.start()

        async def is_healed() -> bool:
            condition = await core.health.condition()
            views = [each for each in condition.followers if each.name != "relay"]
            return all(not each.failure and (each.position or 0) <= condition.head for each in views)

        await eventually(is_healed, "every view is rebuilt")
        await _seen(merchant, await merchant.pay())
    await assert_every_promise_holds(stack)


async def _seen(merchant: Merchant, reply: Reply) -> None:
    """Wait until the balances view shows what `reply` told of, which must not take long."""
    assert reply.status == 201

    async def shown() -> bool:
        position = reply.headers["Tallystick-Position"]
        return (await merchant.get("/v1/balances", headers={"Tallystick-Position": position})).status == 200

    await eventually(shown, "the view shows the payment", within_s=BEHIND_S_MAX)


async def _status(stack: Stack) -> tuple[int, dict[str, Any]]:
    status = stack.process("status", ["status", "--json"])
    status.start()
    code = await asyncio.to_thread(status.wait, 30.0)
    said = (stack.logs / "status.log").read_text().splitlines()
    told: dict[str, Any] = msgspec.json.decode(next(line for line in reversed(said) if line.startswith("{")))
    return code, told
