"""A server whose processes keep ending does not stand there dead: it ends, says why, and with a status that tells."""

import os
import signal

import pytest

from tests.crash.system import descendants
from tests.interfaces.several.conftest import Api, metrics_folder
from tests.support.running import eventually

pytestmark = pytest.mark.system

GIVES_UP_WITHIN_S = 20.0


async def test_a_server_whose_processes_keep_ending_gives_up_says_so_and_leaves_no_file(second: Api) -> None:
    """No test after this one has a second API."""
    folder = metrics_folder(second)

    async def has_given_up() -> bool:
        for pid in descendants(second.process.pid):
            os.kill(pid, signal.SIGKILL)
        return not second.process.running

    await eventually(has_given_up, "it gives up", within_s=GIVES_UP_WITHIN_S)
    assert second.process.poll() == 1
    said = second.process.log_tail()
    assert "Unexpected exit from worker" in said
    assert "Worker crash loop detected, exiting" in said
    assert all(line.startswith("{") for line in said.splitlines()[1:]), said
    assert not folder.exists()
