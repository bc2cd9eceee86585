"""The embedded NATS is private and keeps its streams."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import nats as nats_client
import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import LOOPBACK


def end_by_stop(server: EmbeddedNats) -> None:
    server.stop()


def end_by_kill(server: EmbeddedNats) -> None:
    server.kill()


@pytest.mark.parametrize("end", [end_by_stop, end_by_kill])
async def test_a_stream_outlives_the_server(nats: EmbeddedNats, end: Callable[[EmbeddedNats], None]) -> None:
    nats.start()
    client = await nats_client.connect(nats.url)
    stream = client.jetstream()
    await stream.add_stream(name="notches", subjects=["notch.*"])
    await stream.publish("notch.one", b"1")
    await client.close()
    url = nats.url
    end(nats)
    nats.start()
    assert nats.url == url
    client = await nats_client.connect(nats.url)
    kept = await client.jetstream().get_msg("notches", 1)
    await client.close()
    assert kept.data == b"1"


async def test_a_message_may_have_one_megabyte(nats: EmbeddedNats) -> None:
    nats.start()
    client = await nats_client.connect(nats.url)
    assert client.max_payload == 1024**2
    await asyncio.wait_for(client.close(), timeout=5)


def test_it_asks_for_the_password(home: Path, nats: EmbeddedNats) -> None:
    nats.start()
    for secret in ("nats.password", "nats.conf"):
        assert (home / secret).stat().st_mode & 0o777 == 0o600
    with socket.create_connection((LOOPBACK, nats.port), 5) as connection, connection.makefile("rb") as lines:
        assert lines.readline().startswith(b"INFO ")
        connection.sendall(b'CONNECT {"user":"tallystick","pass":"guessed"}\r\nPING\r\n')
        assert lines.readline() == b"-ERR 'Authorization Violation'\r\n"
