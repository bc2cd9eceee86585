"""The connection to NATS ends when it is told to, even in the middle of an attempt that takes no notice."""

import asyncio

import pytest

from infrastructure.nats.bus import Bus


async def test_a_cancellation_that_the_client_loses_does_not_keep_the_bus_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """nats-py 2.16 waits with `wait_for`, which can take a cancellation for its own time-out."""
    bus, trying = Bus("nats://127.0.0.1:1"), asyncio.Event()

    async def connect(*_: object, **__: object) -> None:
        trying.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise TimeoutError from None

    async def close() -> None:
        pass

    monkeypatch.setattr(bus._client, "connect", connect)
    monkeypatch.setattr(bus._client, "close", close)
    bus.start()
    await trying.wait()
    async with asyncio.timeout(10):
        await bus.aclose()


async def test_a_bus_that_is_closed_at_once_has_nothing_to_end() -> None:
    bus = Bus("nats://127.0.0.1:1")
    bus.start()
    await bus.aclose()
