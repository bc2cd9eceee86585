"""Published events as a read model takes them in: in batches, quick, in order, and allowed to lose some."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence

from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy, Header
from nats.js.client import JetStreamContext

from domain.history import Positioned
from infrastructure.nats.bus import BUS_ERRORS, STREAM, SUBJECTS, Bus
from infrastructure.nats.relay import PREVIOUS_POSITION
from infrastructure.postgres.mapper import MsgspecTranscoder
from projections.projector import Delivery

IDLE_S = 1.0
PENDING_EVENTS_MAX = 5_000
"""Past this the feed forgets what it has: the reader finds the hole and fills it from the store."""


log = logging.getLogger(__name__)


class JetStreamFeed:
    """Implements projections.projector.Feed with an ordered consumer, made anew for every call of `batches`."""

    def __init__(self, bus: Bus, transcoder: MsgspecTranscoder) -> None:
        self._bus = bus
        self._transcoder = transcoder

    async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        pending: deque[Msg] = deque()
        arrived = asyncio.Event()

        async def receive(message: Msg) -> None:
            if len(pending) >= PENDING_EVENTS_MAX:
                pending.clear()
            pending.append(message)
            arrived.set()

        subscription: JetStreamContext.PushSubscription | None = None
        try:
            while True:
                if subscription is None:
                    with contextlib.suppress(*BUS_ERRORS):
                        jetstream = await self._bus.jetstream()
                        subscription = await jetstream.subscribe(
                            SUBJECTS,
                            stream=STREAM,
                            ordered_consumer=True,
                            deliver_policy=DeliverPolicy.NEW,
                            cb=receive,
                        )
                # Not `wait_for`, which loses a cancellation that comes together with a message (before Python 3.12).
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await arrived.wait()
                batch = [pending.popleft() for _ in range(min(events_max, len(pending)))]
                if not pending:
                    arrived.clear()
                yield [delivery for message in batch if (delivery := self._delivery(message)) is not None]
        finally:
            if subscription is not None:
                with contextlib.suppress(*BUS_ERRORS):
                    await subscription.unsubscribe()

    def _delivery(self, message: Msg) -> Delivery | None:
        """None for a message that no relay sent, and for one that cannot be read: the store has the say on that."""
        headers = message.headers or {}
        try:
            position, previous = int(headers[Header.MSG_ID]), int(headers[PREVIOUS_POSITION])
            return Delivery(previous, Positioned(position, self._transcoder.decode(message.data)))
        except (KeyError, ValueError):
            log.warning("message_unreadable", extra={"subject": message.subject})
            return None
