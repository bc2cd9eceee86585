"""The JetStream stream as it is, and what it has to be: every stored event, once, in order, under its position."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.js.api import DeliverPolicy, Header
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from infrastructure.nats.bus import STREAM, SUBJECTS
from infrastructure.nats.relay import PREVIOUS_POSITION, state_of
from interfaces.composition import Core
from tests.support.running import eventually

EVERYTHING = 2**31
HEALED_WITHIN_S = 20.0


@asynccontextmanager
async def jetstream_of(core: Core) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(core.settings.nats_url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def assert_stream_holds_every_event(core: Core) -> None:
    """Once the stream has as many messages as the store has events."""
    stored = [event.position for event in await core.store.after(0, events_max=EVERYTHING)]
    async with jetstream_of(core) as jetstream:

        async def as_many() -> bool:
            try:
                return (await state_of(jetstream)).messages >= len(stored)
            except NotFoundError:
                return False

        await eventually(as_many, "the stream has every event", within_s=HEALED_WITHIN_S)
        published = await _published(jetstream)
    assert [position for _, position in published] == stored
    assert [previous for previous, _ in published] == [0, *stored[:-1]]


async def _published(jetstream: JetStreamContext) -> list[tuple[int, int]]:
    """Of every message the position it follows, and its own."""
    messages = (await state_of(jetstream)).messages
    subscription = await jetstream.subscribe(
        SUBJECTS, stream=STREAM, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL, headers_only=True
    )
    published = []
    async with asyncio.timeout(HEALED_WITHIN_S):
        for _ in range(messages):
            headers = (await subscription.next_msg(timeout=HEALED_WITHIN_S)).headers or {}
            published.append((int(headers[PREVIOUS_POSITION]), int(headers[Header.MSG_ID])))
    await subscription.unsubscribe()
    return published
