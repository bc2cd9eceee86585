"""The connection to NATS: made in the background, kept for ever, and allowed to be away."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from domain.errors import described

RECONNECT_WAIT_S = 0.25
PING_EVERY_S = 1
PINGS_OUTSTANDING_MAX = 2
"""A server that leaves as many pings unanswered counts as away."""
CALL_WITHIN_S = 1.0
"""The longest wait in any call: with a server that hangs, sending succeeds until the system's buffers are full."""
PENDING_MESSAGES_MAX = 1_000
CANCEL_AGAIN_AFTER_S = 0.1

BUS_ERRORS = (NatsError, OSError, TimeoutError)
"""The errors that a call raises while NATS is away."""

Receive = Callable[[Msg], Awaitable[None]]

log = logging.getLogger(__name__)


class BusUnavailable(NatsError):
    """NATS is not connected now."""


class Bus:
    """One connection of the process, as one of NATS's users."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = Client()
        self._keeping: asyncio.Task[None] | None = None
        self._wanted: tuple[str, Receive] | None = None
        self._lost: Callable[[], None] = lambda: None
        self._subscription: Subscription | None = None
        self._begun = False
        self._closed = False

    def start(self) -> None:
        """Begin to connect, without waiting for NATS; a lost connection is made again."""
        self._keeping = asyncio.create_task(self._keep_connected(), name="nats connect")

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected

    async def publish(self, subject: str, payload: bytes) -> None:
        """Send without waiting for any answer. Raises one of BUS_ERRORS."""
        if not self.is_connected:
            raise BusUnavailable
        async with asyncio.timeout(CALL_WITHIN_S):
            await self._client.publish(subject, payload)

    async def listen(self, subject: str, receive: Receive, lost: Callable[[], None] = lambda: None) -> None:
        """Receive the messages on `subject`, and on no other, from now on and after every reconnection. `lost` is
        called when a connection has ended. Raises one of BUS_ERRORS; the next connection subscribes all the same."""
        self._wanted, self._lost = (subject, receive), lost
        if self.is_connected:
            await self._subscribe()

    async def aclose(self) -> None:
        self._closed = True
        while self._keeping is not None and not self._keeping.done():
            # Again and again: nats-py may lose a cancellation inside its own attempts, of which there is no last one.
            self._keeping.cancel()
            await asyncio.wait([self._keeping], timeout=CANCEL_AGAIN_AFTER_S)
        if self._begun:
            with contextlib.suppress(*BUS_ERRORS):
                async with asyncio.timeout(CALL_WITHIN_S):
                    await self._client.close()

    async def _keep_connected(self) -> None:
        # Asked each time: nats-py takes some cancellations for a time-out of its own, and loses them.
        while not self._closed:
            self._begun = True
            ended = asyncio.Event()
            try:
                await self._connect(ended)
                await self._subscribe()
                # It connects again by itself, except to a server that has refused its password.
                await ended.wait()
                log.warning("nats_connection_ended")
                self._client, self._subscription = Client(), None
            except BUS_ERRORS as error:
                await _log_error(error)
            await asyncio.sleep(RECONNECT_WAIT_S)

    async def _connect(self, ended: asyncio.Event) -> None:
        async def end() -> None:
            ended.set()

        async def lost() -> None:
            self._lost()

        await self._client.connect(
            self._url,
            name="tallystick",
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]
            connect_timeout=2,
            ping_interval=PING_EVERY_S,
            max_outstanding_pings=PINGS_OUTSTANDING_MAX,
            error_cb=_log_error,
            disconnected_cb=lost,
            closed_cb=end,
        )

    async def _subscribe(self) -> None:
        former, self._subscription = self._subscription, None
        async with asyncio.timeout(CALL_WITHIN_S):
            if former is not None:
                await former.unsubscribe()
            if self._wanted is not None:
                subject, receive = self._wanted
                limit = PENDING_MESSAGES_MAX
                self._subscription = await self._client.subscribe(subject, cb=receive, pending_msgs_limit=limit)


async def _log_error(error: Exception) -> None:
    # A refusal by the server's permissions is an operator's mistake, or an attack; the rest is a server that is away.
    refused = "permissions violation" in str(error).lower()
    log.log(logging.WARNING if refused else logging.DEBUG, "nats_error", extra={"error": described(error)})
