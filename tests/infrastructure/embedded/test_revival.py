"""Embedded servers that end unasked are started again, and a stop is a stop all the same."""

import errno
import os
import socket
from contextlib import ExitStack

import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.ports import LOOPBACK
from infrastructure.embedded.revival import revived
from tests.infrastructure.embedded.conftest import Eventually


def test_a_killed_server_runs_again_on_its_port(nats: EmbeddedNats, eventually: Eventually) -> None:
    nats.start()
    url = nats.url
    said: list[str] = []
    with revived([nats], said.append):
        for _ in range(2):
            said.clear()
            nats.kill()
            eventually(lambda: any("runs again" in line for line in said))
            assert nats.running
            assert nats.url == url
    assert nats.running
    nats.stop()
    assert not nats.running


def test_a_server_that_does_not_start_is_tried_again(nats: EmbeddedNats, eventually: Eventually) -> None:
    nats.start()
    said: list[str] = []
    with ExitStack() as port_taken, revived([nats], said.append):
        nats.kill()
        thief = port_taken.enter_context(socket.socket())
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            thief.bind((LOOPBACK, nats.port))
        except OSError:  # The server was faster: it runs again.
            eventually(lambda: nats.running)
            return
        thief.listen()
        eventually(lambda: any(f"port {nats.port} on {LOOPBACK} is taken" in line for line in said))
        port_taken.close()
        eventually(lambda: nats.running)


def test_a_server_without_room_on_the_disk_is_tried_again(
    nats: EmbeddedNats, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    nats.start()
    said: list[str] = []
    refusals = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(nats.home / "nats.conf.tmp"))]
    prepare = nats._prepare

    def prepare_with_room() -> None:
        if refusals:
            raise refusals.pop()
        prepare()

    monkeypatch.setattr(nats, "_prepare", prepare_with_room)
    with revived([nats], said.append):
        nats.kill()
        eventually(lambda: nats.running)
        eventually(lambda: any("runs again" in line for line in said))
    assert any("does not start: [Errno 28] No space left on device" in line for line in said)


def test_nothing_is_started_after_the_block(nats: EmbeddedNats) -> None:
    nats.start()
    with revived([nats], lambda _line: None):
        pass
    nats.kill()
    assert not nats.running
