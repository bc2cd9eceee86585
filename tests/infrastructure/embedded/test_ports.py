"""A port is taken while somebody listens on it, and not a moment longer."""

import socket
from pathlib import Path

import pytest

from infrastructure.embedded.errors import PortUnavailable
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import LOOPBACK, free_port, is_free


def test_a_server_refuses_a_taken_port(home: Path) -> None:
    with socket.create_server((LOOPBACK, free_port())) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"port {port} on 127.0.0.1 is taken"):
            EmbeddedNats(home, port=port).start()


def test_a_port_is_free_as_soon_as_its_server_is_gone() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)) as server, socket.create_connection((LOOPBACK, port)):
        served, _ = server.accept()
        assert not is_free(port)
        served.close()
    assert is_free(port)
