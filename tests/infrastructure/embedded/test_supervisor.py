"""Kill -9 the supervisor: its servers end too, and where they cannot know, the next supervisor ends them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres

pytestmark = pytest.mark.system

Eventually = Callable[[Callable[[], bool]], None]


def killed_supervisor(home: Path, *options: str) -> list[int]:
    """The pids of the servers that a supervisor had started when it was killed."""
    command = [sys.executable, str(Path(__file__).with_name("supervisor.py")), str(home), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(pid) for pid in supervisor.stdout.readline().split()]
        supervisor.kill()
    assert len(pids) == 2
    return pids


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except OSError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="no parent-death signal")
def test_the_servers_end_with_their_supervisor(home: Path, eventually: Eventually) -> None:
    pids = killed_supervisor(home)
    eventually(lambda: all(is_gone(pid) for pid in pids))


def test_servers_left_running_are_stopped_by_the_next_start(
    home: Path, postgres: EmbeddedPostgres, nats: EmbeddedNats
) -> None:
    old_postgres, old_nats = killed_supervisor(home, "--orphan")
    assert not is_gone(old_postgres)
    assert not is_gone(old_nats)
    postgres.start()
    nats.start()
    assert is_gone(old_postgres)
    assert is_gone(old_nats)
    assert {postgres.pid, nats.pid}.isdisjoint({old_postgres, old_nats})
