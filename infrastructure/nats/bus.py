"""The connection to NATS: made in the background, kept for ever, and allowed to be away."""

import asyncio
import contextlib
import logging

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from domain.errors import described

STREAM = "TALLYSTICK_EVENTS"
SUBJECTS = "tallystick.events.>"
STREAM_BYTES_MAX = 1024**3
RECONNECT_WAIT_S = 0.25
REQUEST_TIMEOUT_S = 5.0
CANCEL_AGAIN_AFTER_S = 0.1

BUS_ERRORS = (NatsError, OSError, TimeoutError)
"""What a call to a bus that is away, or a stream that is gone, raises."""

log = logging.getLogger(__name__)


class BusUnavailable(NatsError):
    """NATS is not connected now."""


class Bus:
    """One connection for the process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = Client()
        self._jetstream = self._client.jetstream(timeout=REQUEST_TIMEOUT_S)
        self._connecting: asyncio.Task[None] | None = None
        self._begun = False
        self._closed = False

    def start(self) -> None:
        """Begin to connect; does not wait for NATS, which may come later, and again."""
        self._connecting = asyncio.create_task(self._connect(), name="nats connect")

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected

    async def jetstream(self) -> JetStreamContext:
        """JetStream, with our stream in it. Raises one of BUS_ERRORS."""
        if not self.is_connected:
            raise BusUnavailable
        try:
            await self._jetstream.stream_info(STREAM)
        except NotFoundError:
            await self._jetstream.add_stream(
                StreamConfig(
                    name=STREAM,
                    subjects=[SUBJECTS],
                    storage=StorageType.FILE,
                    discard=DiscardPolicy.OLD,
                    max_bytes=STREAM_BYTES_MAX,
                )
            )
        return self._jetstream

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        """Send without waiting for, or asking for, any answer. Raises one of BUS_ERRORS."""
        await self._client.publish(subject, payload, headers=headers)

    async def aclose(self) -> None:
        self._closed = True
        while self._connecting is not None and not self._connecting.done():
            # Again and again: nats-py may lose a cancellation inside its own attempts, of which there is no last one.
            self._connecting.cancel()
            await asyncio.wait([self._connecting], timeout=CANCEL_AGAIN_AFTER_S)
        if self._begun:
            with contextlib.suppress(*BUS_ERRORS):
                await self._client.close()

    async def _connect(self) -> None:
        # Asked each time: nats-py takes some cancellations for a time-out of its own, and loses them.
        while not self._closed:
            self._begun = True
            try:
                await self._client.connect(
                    self._url,
                    name="tallystick",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]
                    connect_timeout=2,
                    error_cb=_log_error,
                )
                return
            except BUS_ERRORS as error:
                await _log_error(error)
                await asyncio.sleep(RECONNECT_WAIT_S)


async def _log_error(error: Exception) -> None:
    log.debug("nats_error", extra={"error": described(error)})
