"""The connection to NATS: for ever, as a user that may do one thing, and ended when it is told to."""

import asyncio

import pytest
from nats.aio.msg import Msg

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import Bus
from tests.infrastructure.nats.wiring import connected
from tests.support.store import until


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


async def test_the_relays_user_may_publish_and_not_listen_and_the_readers_only_listen(nats: EmbeddedNats) -> None:
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data)

    async with connected(nats.url) as relay, connected(nats.reader_url) as reader, connected(nats.reader_url) as forger:
        await relay.listen("tallystick.x.position", hear)
        await reader.listen("tallystick.x.position", hear)
        await forger.publish("tallystick.x.position", b"forged")
        await forger.publish("tallystick.y.position", b"forged")

        async def has_heard() -> bool:
            await relay.publish("tallystick.x.position", b"true")
            return bool(heard)

        await until(has_heard, "the reader hears the relay")
    assert set(heard) == {b"true"}


async def test_a_connection_that_its_server_has_ended_for_good_is_made_anew(nats: EmbeddedNats) -> None:
    """As after a password that was wrong for a while: nats-py gives up on that."""
    heard: list[bytes] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data)

    async with connected(nats.reader_url) as reader, connected(nats.url) as relay:
        await reader.listen("tallystick.x.position", hear)
        await reader._client.close()

        async def hears_again() -> bool:
            await relay.publish("tallystick.x.position", b"true")
            return bool(heard)

        await until(hears_again, "the reader hears again")
