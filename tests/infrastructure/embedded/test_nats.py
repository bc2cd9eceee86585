"""The embedded NATS is private, keeps nothing, and lets each of its users do one thing."""

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
async def test_its_urls_outlive_it(nats: EmbeddedNats, end: Callable[[EmbeddedNats], None]) -> None:
    nats.start()
    urls = (nats.url, nats.reader_url)
    end(nats)
    nats.start()
    assert (nats.url, nats.reader_url) == urls
    for url in urls:
        client = await nats_client.connect(url)
        await client.close()


async def test_it_takes_no_large_message_and_keeps_none(home: Path, nats: EmbeddedNats) -> None:
    nats.start()
    client = await nats_client.connect(nats.url)
    assert client.max_payload == 4096
    assert "jetstream" not in (home / "nats.conf").read_text()
    await client.close()


def test_the_stream_of_an_earlier_version_is_removed(home: Path, nats: EmbeddedNats) -> None:
    """It held up to 1 GB of events, all of which are in the store."""
    block = home / "nats" / "jetstream" / "$G" / "streams" / "TALLYSTICK_EVENTS" / "msgs" / "1.blk"
    block.parent.mkdir(parents=True)
    block.write_bytes(b"events")
    nats.start()
    assert not (home / "nats").exists()


def test_it_asks_for_the_password(home: Path, nats: EmbeddedNats) -> None:
    nats.start()
    for secret in ("nats.password", "nats-reader.password", "nats.conf"):
        assert (home / secret).stat().st_mode & 0o777 == 0o600
    with socket.create_connection((LOOPBACK, nats.port), 5) as connection, connection.makefile("rb") as lines:
        assert lines.readline().startswith(b"INFO ")
        connection.sendall(b'CONNECT {"user":"tallystick","pass":"guessed"}\r\nPING\r\n')
        assert lines.readline() == b"-ERR 'Authorization Violation'\r\n"
