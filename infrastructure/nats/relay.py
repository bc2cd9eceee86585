"""The relay publishes every stored event once and in order; its checkpoint is the stream's own last message.

Each message carries its position as `Nats-Msg-Id` and demands, as `Nats-Expected-Last-Msg-Id`, that the one before it
is the last: the server itself refuses a second relay's messages and any hole.
"""

import asyncio
import logging
from typing import Any

import psycopg
from nats.js.api import Header, RawStreamMsg
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from infrastructure.nats.bus import BUS_ERRORS, STREAM, Bus
from infrastructure.postgres import locks

PREVIOUS_POSITION = "Tallystick-Previous-Position"
BATCH_EVENTS_MAX = 500
WAIT_S = 1.0
"""How long the relay trusts that a notification would have come."""
ACKNOWLEDGED_WITHIN_S = 10.0

_TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
_SELECT_AFTER = """
SELECT notification_id, topic, state FROM stored_events WHERE notification_id > %b ORDER BY notification_id LIMIT %b
"""
_SELECT_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"

log = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[Any]


class Relay:
    """One at a time over all processes, by advisory lock; another takes over when it ends."""

    def __init__(self, connection: Connection, bus: Bus) -> None:
        self._connection = connection
        self._bus = bus

    async def run(self) -> None:
        """Publish for ever. Raises psycopg.Error when the database goes away; waits for NATS while that is away."""
        await self._become_the_only_one()
        await self._connection.execute("LISTEN stored_events")
        while True:
            try:
                await self._publish_from_last()
            except BUS_ERRORS as error:
                log.warning("relay_interrupted", extra={"error": repr(error)})
                await asyncio.sleep(WAIT_S / 2)

    async def _become_the_only_one(self) -> None:
        while True:
            [(locked,)] = await (await self._connection.execute(_TRY_LOCK, (locks.RELAY,))).fetchall()
            if locked:
                return
            await asyncio.sleep(WAIT_S)

    async def _publish_from_last(self) -> None:
        jetstream = await self._bus.jetstream()
        position = await self._last_published(jetstream)
        while True:
            cursor = await self._connection.execute(_SELECT_AFTER, (position, BATCH_EVENTS_MAX))
            rows = await cursor.fetchall()
            if rows:
                position = await self._publish(jetstream, position, rows)
            else:
                await self._wait()
                if not self._bus.is_connected:
                    return

    async def _last_published(self, jetstream: JetStreamContext) -> int:
        """The position of the stream's last message; 0 when it is empty, or stands ahead of the store."""
        position = await last_position(jetstream)
        [(head,)] = await (await self._connection.execute(_SELECT_HEAD)).fetchall()
        if position > head:
            log.warning("stream_ahead_of_store", extra={"stream": position, "store": head})
            await jetstream.purge_stream(STREAM)
            return 0
        return position

    async def _publish(self, jetstream: JetStreamContext, previous: int, rows: list[tuple[Any, ...]]) -> int:
        acknowledgements = []
        for position, topic, state in rows:
            headers = {Header.MSG_ID: str(position), PREVIOUS_POSITION: str(previous)}
            if previous:
                headers[Header.EXPECTED_LAST_MSG_ID] = str(previous)
            acknowledgements.append(
                await jetstream.publish_async(
                    subject_of(topic), bytes(state), wait_stall=ACKNOWLEDGED_WITHIN_S, headers=headers
                )
            )
            previous = position
        await asyncio.wait_for(asyncio.gather(*acknowledgements), ACKNOWLEDGED_WITHIN_S)
        return previous

    async def _wait(self) -> None:
        async for _ in self._connection.notifies(timeout=WAIT_S, stop_after=1):
            return


async def last_position(jetstream: JetStreamContext) -> int:
    """The position of the last message in our stream; 0 when it has none."""
    info = await jetstream.stream_info(STREAM)
    if info.state.messages == 0:
        return 0
    try:
        message: RawStreamMsg = await jetstream.get_msg(STREAM, seq=info.state.last_seq)
    except NotFoundError:
        return 0
    return int((message.headers or {}).get(Header.MSG_ID, "0"))


def subject_of(topic: str) -> str:
    """`payment.captured.v1` is published on `tallystick.events.payment.captured`; its version is in the message."""
    aggregate, event, _version = topic.split(".")
    return f"tallystick.events.{aggregate}.{event}"
