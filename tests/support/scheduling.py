"""The suite in parallel: each running system is started once, and what takes longest goes first."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOMS: Final = (
    "tests/interfaces/dialects/",
    "tests/interfaces/disputes/",
    "tests/interfaces/webhooks/",
    "tests/interfaces/test_after_restore.py",  # each has a system of its own
    "tests/interfaces/test_reopen.py",
    "tests/interfaces/",
    "tests/crash/",
)
"""Beginnings of paths whose tests share one running system: one worker takes them all. The first that fits counts."""
LONGEST_FIRST: Final = (
    "tests/interfaces/",
    "tests/crash/",
    "tests/interfaces/webhooks/",
    "tests/interfaces/disputes/",
    "tests/interfaces/dialects/",
    "tests/simulation/test_chaos.py",
)
"""Rooms and files that all others would wait for at the end; the others follow in the folders' order."""


def room_of(nodeid: str) -> str:
    """What one worker takes as a whole: a room, or a file."""
    file = nodeid.partition("::")[0]
    return next((room for room in ROOMS if file.startswith(room)), file)


class RoomScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Implements xdist's scheduler."""

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> RoomScheduling:
    return RoomScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Each worker imports another part of the test modules first: what one has compiled, the others find compiled."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    root = session.config.rootpath
    ignored = [root / path for path in session.config.getoption("ignore") or ()]
    paths = [path for path in sorted(Path(root, "tests").rglob("test_*.py")) if path not in ignored]
    first = len(paths) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in paths[first:] + paths[:first]:
        # A module that cannot be imported, or skips itself, is collected all the same, and told of then.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(root).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        ranks = {room: rank for rank, room in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: ranks.get(room_of(item.nodeid), len(ranks)))
