"""The relay publishes every stored event once and in order; its checkpoint is the stream's own last message.

Each message carries its position as `Nats-Msg-Id` and demands, as `Nats-Expected-Last-Msg-Id`, that the one before it
is the last (the first one, that there is none): the server itself refuses a second relay's messages and any hole.
"""

import asyncio
import logging
from typing import Any

import psycopg
from nats.js.api import Header, RawStreamMsg, StreamState
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from domain.errors import described
from infrastructure.nats.bus import BUS_ERRORS, STREAM, STREAM_BYTES_MAX, Bus

PREVIOUS_POSITION = "Tallystick-Previous-Position"
BATCH_EVENTS_MAX = 500
WAIT_S = 1.0
"""How long the relay trusts that a notification would have come."""
PACE_S = 0.02
"""Batches leave at most this often: under load each is larger instead."""
ACKNOWLEDGED_WITHIN_S = 5.0

_SELECT_AFTER = """
SELECT notification_id, topic, state FROM stored_events WHERE notification_id > %b ORDER BY notification_id LIMIT %b
"""
_SELECT_STATE = "SELECT state FROM stored_events WHERE notification_id = %b"

log = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[Any]


class Relay:
    """One at a time over all workers, by a lease; a second one would be refused by NATS."""

    def __init__(self, connection: Connection, bus: Bus) -> None:
        self._connection = connection
        self._bus = bus

    async def run(self) -> None:
        """Publish for ever. Raises psycopg.Error when the database goes away; waits for NATS while that is away."""
        await self._connection.execute("LISTEN stored_events")
        while True:
            try:
                await self._publish_from_last()
            except BUS_ERRORS as error:
                log.warning("relay_interrupted", extra={"error": described(error)})
                await asyncio.sleep(WAIT_S / 2)

    async def _publish_from_last(self) -> None:
        position = await self._last_published()
        jetstream = await self._bus.jetstream()
        while self._bus.is_connected:
            cursor = await self._connection.execute(_SELECT_AFTER, (position, BATCH_EVENTS_MAX))
            rows = await cursor.fetchall()
            if rows:
                position = await self._publish(jetstream, position, rows)
                if len(rows) < BATCH_EVENTS_MAX:
                    await asyncio.sleep(PACE_S)
            elif not await self._notified() and not await self._is_intact(jetstream):
                return

    async def _last_published(self) -> int:
        """The position of the stream's last message; 0 when it is new, and is made new when messages are gone from it,
        or the last is not our store's event of that position: another store's, or of a history since restored."""
        jetstream = await self._bus.jetstream()
        last = await last_message(jetstream)
        if is_whole(await state_of(jetstream)):
            if last is None:
                return 0
            if await self._holds(last):
                return position_of(last)
        log.warning("stream_made_anew", extra={"position": last and position_of(last)})
        # Not purged: a purged stream still answers the ids that it remembers as duplicates.
        await jetstream.delete_stream(STREAM)
        return 0

    async def _holds(self, message: RawStreamMsg) -> bool:
        cursor = await self._connection.execute(_SELECT_STATE, (position_of(message),))
        row = await cursor.fetchone()
        return row is not None and bytes(row[0]) == message.data

    async def _is_intact(self, jetstream: JetStreamContext) -> bool:
        return self._bus.is_connected and is_whole(await state_of(jetstream))

    async def _publish(self, jetstream: JetStreamContext, previous: int, rows: list[tuple[Any, ...]]) -> int:
        """Only the last message asks to be acknowledged: each demands the one before it, so all are there, or it is
        refused too."""
        for position, topic, state in rows:
            headers = {Header.MSG_ID: str(position), PREVIOUS_POSITION: str(previous), **_fence(previous)}
            if position == rows[-1][0]:
                timeout_s = ACKNOWLEDGED_WITHIN_S
                await jetstream.publish(subject_of(topic), bytes(state), headers=headers, timeout=timeout_s)
            else:
                await self._bus.publish(subject_of(topic), bytes(state), headers)
            previous = position
        return previous

    async def _notified(self) -> bool:
        """Whether the store told of events, waiting WAIT_S for it."""
        notified = False
        async for _ in self._connection.notifies(timeout=WAIT_S, stop_after=1):
            notified = True
        return notified


async def last_message(jetstream: JetStreamContext) -> RawStreamMsg | None:
    """The last message in our stream; None when it has none, or the last one was deleted."""
    state = await state_of(jetstream)
    if state.messages == 0:
        return None
    try:
        return await jetstream.get_msg(STREAM, seq=state.last_seq)
    except NotFoundError:
        return None


async def state_of(jetstream: JetStreamContext) -> StreamState:
    """What our stream has. Raises NotFoundError when it was deleted."""
    return (await jetstream.stream_info(STREAM)).state


def is_whole(state: StreamState) -> bool:
    """Whether nothing is gone from the stream but what its own limit pushed out, which it does only when it is full."""
    pushed_out = state.bytes > STREAM_BYTES_MAX // 2
    return not state.num_deleted and (state.first_seq <= 1 or pushed_out)


def position_of(message: RawStreamMsg) -> int:
    """The position that a message carries; 0 for one that no relay sent."""
    identity = (message.headers or {}).get(Header.MSG_ID, "")
    return int(identity) if identity.isdecimal() else 0


def _fence(previous: int) -> dict[str, str]:
    if previous == 0:
        return {Header.EXPECTED_LAST_SEQUENCE: "0"}
    return {Header.EXPECTED_LAST_MSG_ID: str(previous)}


def subject_of(topic: str) -> str:
    """`payment.captured.v1` is published on `tallystick.events.payment.captured`; its version is in the message."""
    aggregate, event, _version = topic.split(".")
    return f"tallystick.events.{aggregate}.{event}"
