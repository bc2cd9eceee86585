"""Homes that the account Postgres runs as can reach (pytest's own folders are 0700), and a check of what is left."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres
from tests.support.quick_servers import servers_as_ever

Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="package", autouse=True)
def _servers_as_ever() -> Iterator[None]:
    with servers_as_ever():
        yield


@pytest.fixture
def eventually() -> Eventually:
    """Wait, at most 15 s, until a condition holds."""
    return _eventually


@pytest.fixture
def home() -> Iterator[Path]:
    """A home to be made, for one test."""
    with _home() as home:
        yield home


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """A Postgres with no settings of the test's own, for a file's tests that only look at it."""
    with _home() as home:
        server = EmbeddedPostgres(home)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """A quick Postgres, not yet started."""
    server = EmbeddedPostgres(home, settings={"fsync": "off"})
    yield server
    server.stop()


@pytest.fixture
def nats(home: Path) -> Iterator[EmbeddedNats]:
    """A NATS server, not yet started."""
    server = EmbeddedNats(home)
    yield server
    server.stop()


@contextmanager
def _home() -> Iterator[Path]:
    """A path with a space in it; at the end no process may have it on its command line."""
    base = Path(tempfile.mkdtemp(prefix="tallystick-", dir="/tmp"))
    base.chmod(0o711)
    home = base / "a home"
    yield home
    _eventually(lambda: not _commands_naming(home))
    shutil.rmtree(base)


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "still not so after 15 s"
        time.sleep(0.01)


def _commands_naming(path: Path) -> list[bytes]:
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            commands.append((process / "cmdline").read_bytes())
        except OSError:  # ended meanwhile
            continue
    return [command for command in commands if os.fsencode(path) in command]
