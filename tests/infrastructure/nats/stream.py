"""What the stream holds, and a relay that fills it, for the tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import psycopg
from nats.js.api import Header
from nats.js.errors import NotFoundError

from domain.event import name_of
from domain.history import Positioned
from infrastructure.nats.bus import BUS_ERRORS, STREAM, Bus
from infrastructure.nats.relay import PREVIOUS_POSITION, Relay, subject_of
from infrastructure.postgres.mapper import EventMapper
from infrastructure.postgres.store import PostgresEventStore
from tests.support.store import everything, until


class Published(NamedTuple):
    """One message of the stream."""

    subject: str
    position: int
    previous: int
    state: bytes


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Bus]:
    bus = Bus(url)
    bus.start()

    async def is_connected() -> bool:
        return bus.is_connected

    try:
        await until(is_connected, "the bus is connected")
        yield bus
    finally:
        await bus.aclose()


@asynccontextmanager
async def relaying(database_url: str, bus: Bus) -> AsyncIterator[asyncio.Task[None]]:
    """A relay that runs for as long as the block."""
    async with await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, application_name="tallystick relay"
    ) as connection:
        task = asyncio.create_task(Relay(connection, bus).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def published(bus: Bus) -> list[Published]:
    """Every message, in the order of the stream."""
    jetstream = await bus.jetstream()
    state = (await jetstream.stream_info(STREAM)).state
    messages = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        try:
            message = await jetstream.get_msg(STREAM, seq=sequence)
        except NotFoundError:
            continue
        headers = message.headers or {}
        messages.append(
            Published(
                message.subject or "",
                int(headers.get(Header.MSG_ID, "0")),
                int(headers.get(PREVIOUS_POSITION, "-1")),
                message.data or b"",
            )
        )
    return messages


def expected(events: Sequence[Positioned]) -> list[Published]:
    """What the stream has to hold for a store of `events`."""
    previous = 0
    messages = []
    for position, event in ((positioned.position, positioned.event) for positioned in events):
        state = EventMapper().to_stored_event(event).state
        messages.append(Published(subject_of(name_of(event.data)), position, previous, state))
        previous = position
    return messages


async def until_published(bus: Bus, store: PostgresEventStore) -> None:
    """Wait until the last event is in the stream, then compare the whole stream with the whole store."""
    events = await everything(store)
    head = events[-1].position

    async def at_head() -> bool:
        try:
            jetstream = await bus.jetstream()
            info = await jetstream.stream_info(STREAM)
            last = await jetstream.get_msg(STREAM, seq=info.state.last_seq)
        except BUS_ERRORS:
            return False
        # The state as well: a stream of another history may have come as far.
        return (last.headers or {}).get(Header.MSG_ID) == str(head) and last.data == expected(events)[-1].state

    await until(at_head, f"position {head} is published")
    assert await published(bus) == expected(events)
