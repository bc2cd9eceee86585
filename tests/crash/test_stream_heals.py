"""The stream can be lost, whole or in part: the store is the truth, and the relay publishes it again."""

import asyncio
import shutil

import pytest
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from infrastructure.nats.bus import STREAM
from infrastructure.nats.relay import state_of
from interfaces.composition import Core
from interfaces.stack import Stack
from tests.crash.books import assert_every_promise_holds
from tests.crash.stream import assert_stream_holds_every_event, jetstream_of
from tests.crash.system import nats_away
from tests.support.running import eventually, merchant_of

PAYMENTS = 250
"""Enough events that publishing them takes longer than looking."""
AT_ONCE = 50


@pytest.fixture(autouse=True, scope="module")
async def history(stack: Stack) -> None:
    """Events to lose."""
    async with merchant_of(stack) as merchant:
        for _ in range(PAYMENTS // AT_ONCE):
            await asyncio.gather(*(merchant.pay() for _ in range(AT_ONCE)))
    async with Core(stack.settings) as core:
        await assert_stream_holds_every_event(core)


async def test_a_deleted_stream_is_made_anew(stack: Stack) -> None:
    async with Core(stack.settings) as core, jetstream_of(core) as jetstream:
        await jetstream.delete_stream(STREAM)
        await _pay(stack)
        await assert_stream_holds_every_event(core)
    await assert_every_promise_holds(stack)


async def test_a_purged_stream_is_filled_again(stack: Stack) -> None:
    async with Core(stack.settings) as core, jetstream_of(core) as jetstream:
        await jetstream.purge_stream(STREAM)
        await _pay(stack)
        await assert_stream_holds_every_event(core)
    await assert_every_promise_holds(stack)


async def test_a_stream_purged_while_no_relay_ran_is_filled_again(stack: Stack) -> None:
    async with Core(stack.settings) as core, jetstream_of(core) as jetstream:
        stack.worker.kill()
        await jetstream.purge_stream(STREAM)
        stack.worker.start()
        await assert_stream_holds_every_event(core)
    await assert_every_promise_holds(stack)


async def test_nats_comes_back_with_an_empty_folder(stack: Stack) -> None:
    async with nats_away(stack):
        shutil.rmtree(stack.embedded.home / "nats")
        await _pay(stack)
    async with Core(stack.settings) as core:
        await assert_stream_holds_every_event(core)
    await assert_every_promise_holds(stack)


async def test_a_relay_killed_while_it_publishes_leaves_neither_hole_nor_duplicate(stack: Stack) -> None:
    async with Core(stack.settings) as core, jetstream_of(core) as jetstream:
        events = len(await core.store.after(0, events_max=2**31))

        async def killed_in_the_middle() -> bool:
            stack.worker.kill()
            await jetstream.delete_stream(STREAM)
            stack.worker.start()
            await eventually(lambda: _has_messages(jetstream), "the relay publishes")
            stack.worker.kill()
            published = (await state_of(jetstream)).messages
            stack.worker.start()
            await assert_stream_holds_every_event(core)
            return published < events

        await eventually(killed_in_the_middle, "a kill in the middle of publishing")
    await assert_every_promise_holds(stack)


async def _has_messages(jetstream: JetStreamContext) -> bool:
    try:
        return (await state_of(jetstream)).messages > 0
    except NotFoundError:
        return False


async def _pay(stack: Stack) -> None:
    async with merchant_of(stack) as merchant:
        assert (await merchant.pay()).status == 201
