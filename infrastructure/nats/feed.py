"""Published events as the read models take them in: in batches, quick, in order, and allowed to lose some."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence

import msgspec
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy, Header
from nats.js.client import JetStreamContext

from domain.history import Positioned
from infrastructure.nats.bus import BUS_ERRORS, STREAM, SUBJECTS, Bus
from infrastructure.nats.relay import PREVIOUS_POSITION
from infrastructure.postgres.mapper import MsgspecTranscoder
from projections.projector import Delivery

IDLE_S = 1.0
PACE_S = 0.05
"""Batches come at most this often: under load each is larger instead, which is what makes events cheap to apply."""
PENDING_EVENTS_MAX = 5_000
"""Past this the feed forgets what it has: the reader finds the hole and fills it from the store."""


log = logging.getLogger(__name__)


class JetStreamFeed:
    """Implements projections.projector.Feed: every reader of the process is served from one ordered consumer, and each
    event is decoded once.

    A reader that leaves takes the consumer with it: it leaves when events were due and none came. The others get a
    new one, and find what was published in between as a hole.
    """

    def __init__(self, bus: Bus, transcoder: MsgspecTranscoder) -> None:
        self._bus = bus
        self._transcoder = transcoder
        self._readers: set[_Reader] = set()
        self._subscribing = asyncio.Lock()
        self._subscription: JetStreamContext.PushSubscription | None = None

    async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        reader = _Reader()
        self._readers.add(reader)
        try:
            while True:
                await self._subscribe()
                yield await reader.batch(events_max)
        finally:
            self._readers.discard(reader)
            await self._unsubscribe()

    async def _subscribe(self) -> None:
        if self._subscription is not None:
            return
        async with self._subscribing:
            if self._subscription is None:
                with contextlib.suppress(*BUS_ERRORS):
                    jetstream = await self._bus.jetstream()
                    self._subscription = await jetstream.subscribe(
                        SUBJECTS,
                        stream=STREAM,
                        ordered_consumer=True,
                        deliver_policy=DeliverPolicy.NEW,
                        cb=self._receive,
                    )

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(*BUS_ERRORS):
                await subscription.unsubscribe()

    async def _receive(self, message: Msg) -> None:
        delivery = self._delivery(message)
        if delivery is not None:
            for reader in self._readers:
                reader.take(delivery)

    def _delivery(self, message: Msg) -> Delivery | None:
        """None for a message that no relay sent, and for one that cannot be read: the store has the say on that."""
        headers = message.headers or {}
        try:
            position, previous = int(headers[Header.MSG_ID]), int(headers[PREVIOUS_POSITION])
            return Delivery(previous, Positioned(position, self._transcoder.decode(message.data)))
        except (KeyError, ValueError, msgspec.MsgspecError):
            log.warning("message_unreadable", extra={"subject": message.subject})
            return None


class _Reader:
    """What has come and was not yet asked for."""

    def __init__(self) -> None:
        self._pending: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._asked_at = float("-inf")

    def take(self, delivery: Delivery) -> None:
        if len(self._pending) >= PENDING_EVENTS_MAX:
            self._pending.clear()
        self._pending.append(delivery)
        self._arrived.set()

    async def batch(self, events_max: int) -> list[Delivery]:
        """What has come, as soon as something has; nothing when nothing has for IDLE_S."""
        # Not `wait_for`, which loses a cancellation that comes together with a message (before Python 3.12).
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._arrived.wait()
        now = asyncio.get_running_loop().time()
        if len(self._pending) < events_max and now < self._asked_at + PACE_S:
            await asyncio.sleep(self._asked_at + PACE_S - now)
        self._asked_at = asyncio.get_running_loop().time()
        batch = [self._pending.popleft() for _ in range(min(events_max, len(self._pending)))]
        if not self._pending:
            self._arrived.clear()
        return batch
